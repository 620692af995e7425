import pandera.polars as pa
import polars as pl
import pytest

from loopwright.data.dataset import Dataset
from loopwright.data.failure import Failure
from loopwright.data.rules import broken_rules, types_for
from loopwright.errors import ContractError, DuplicateKeyError, MissingColumnError


class Row(pa.DataFrameModel):
    id: str = pa.Field(unique=True)
    x: int = pa.Field(gt=0)


KEYED = Dataset("d", contract=Row, key="id")


def place(position: int) -> str:
    return f"f.csv:{position + 2}"


def test_rows_that_keep_every_rule_pass() -> None:
    broken = broken_rules(pl.DataFrame({"id": ["a", "b"], "x": [1, 2]}), KEYED)
    assert broken.failures == ()
    assert broken.duplicates is None
    broken.refuse(place)


def test_duplicate_keys_are_named_with_their_lines() -> None:
    with pytest.raises(DuplicateKeyError, match="key 'id'") as error:
        broken_rules(pl.DataFrame({"id": ["a", "b", "a"], "x": [1, 2, 3]}), KEYED).refuse(place)
    assert "f.csv:2 key a, f.csv:4 key a" in error.value.why
    assert error.value.exit_code == 2


def test_duplicates_and_broken_rules_are_told_together() -> None:
    with pytest.raises(ContractError) as error:
        broken_rules(pl.DataFrame({"id": ["a", "a"], "x": [-1, 2]}), KEYED).refuse(place)
    assert "greater_than(0)" in error.value.why
    assert "id: unique broken by 2 rows" in error.value.why


def test_a_key_may_come_again_at_another_known_at() -> None:
    log = Dataset("d", key="id", known_at="known")
    assert broken_rules(pl.DataFrame({"id": ["a", "a"], "known": [1, 2]}), log).duplicates is None
    assert broken_rules(pl.DataFrame({"id": ["a", "a"], "known": [1, 1]}), log).duplicates is not None


def test_declared_columns_must_be_there() -> None:
    with pytest.raises(MissingColumnError, match="'id', 'at'"):
        broken_rules(pl.DataFrame({"x": [1]}), Dataset("d", key="id", event_time="at")).refuse(place)


def test_keys_and_event_times_may_not_be_null() -> None:
    frame = pl.DataFrame({"id": ["a", None], "at": [None, 5]})
    found = broken_rules(frame, Dataset("d", key="id", event_time="at"))
    assert {(f.column, f.rule, f.positions) for f in found.failures} == {
        ("id", "not null", (1,)),
        ("at", "not null", (0,)),
    }


def test_two_null_keys_are_nulls_and_no_duplicates() -> None:
    found = broken_rules(pl.DataFrame({"id": [None, None, "a"]}), Dataset("d", key="id"))
    assert found.duplicates is None
    assert [f.rows for f in found.failures] == [2]


def test_an_event_time_must_be_a_time() -> None:
    found = broken_rules(pl.DataFrame({"at": ["soon"]}), Dataset("d", event_time="at"))
    assert found.failures[0].rule == "a time, found String"


def test_the_reserved_column_is_refused() -> None:
    assert broken_rules(pl.DataFrame({"_known_at": [1]}), Dataset("d")).failures[0].rule == "a reserved name"


def test_a_column_that_failed_while_reading_is_not_told_twice() -> None:
    told = Failure(column="x", rule="type Int64", rows=1, positions=(0,))
    found = broken_rules(pl.DataFrame({"id": ["a"], "x": [None]}), KEYED, [told])
    assert found.failures == (told,)


def test_the_contract_states_the_types() -> None:
    assert types_for(KEYED) == {"id": pl.String, "x": pl.Int64}
    assert types_for(Dataset("d")) == {}


def test_times_of_no_year_are_broken_rules_in_every_column() -> None:
    frame = pl.DataFrame({"at": [0, 10**18], "on": pl.Series([None, 3_000_000]).cast(pl.Int32).cast(pl.Date)})
    broken = broken_rules(frame, Dataset("d", event_time="at"))
    assert [(f.column, f.positions) for f in broken.failures] == [("at", (1,)), ("on", (1,))]
    assert broken_rules(frame.head(1), Dataset("d", event_time="at")).failures == ()
