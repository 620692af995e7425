import pandera.polars as pa
import polars as pl
import pytest

from loopwright.core.schema import Column
from loopwright.data.contract import check, columns, expected_types, refuse, required_columns
from loopwright.errors import ContractError, LoopFileError, MissingColumnError


class Flight(pa.DataFrameModel):
    flight_id: str = pa.Field(unique=True)
    origin: str = pa.Field(isin=["EWR", "JFK"])
    distance: int = pa.Field(gt=0, le=6000)
    share: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_max": False}, nullable=True)
    late: bool = pa.Field(nullable=True)
    odd: int = pa.Field(alias='it\'s "odd"\n', isin=[1, 2])
    extra: str | None

    @pa.check("distance")
    def even(cls, data):  # type: ignore[no-untyped-def]
        return data.lazyframe.select(pl.col(data.key) % 2 == 0)

    @pa.check("distance")
    def crashes(cls, data):  # type: ignore[no-untyped-def]
        raise ValueError("no")


def frame(**changed: list[object]) -> pl.DataFrame:
    good: dict[str, list[object]] = {
        "flight_id": ["a", "b", "c"],
        "origin": ["EWR"] * 3,
        "distance": [2, 4, 6],
        "share": [0.0, 0.5, None],
        "late": [True, None, False],
        'it\'s "odd"\n': [1, 2, 1],
    }
    return pl.DataFrame(good | changed, strict=False)


def test_every_broken_rule_is_found_at_once() -> None:
    found = check(
        frame(flight_id=["a", "a", None], origin=["EWR", "x", None], distance=[-1, 7000, 3], share=[1.0, 2.0, 0.1]),
        Flight,
    )
    counted = {(f.column, f.rule): (f.rows, f.positions) for f in found if "could not" not in f.rule}
    assert counted == {
        ("flight_id", "not null"): (1, (2,)),
        ("flight_id", "unique"): (2, (0, 1)),
        ("origin", "not null"): (1, (2,)),
        ("origin", "isin(['EWR', 'JFK'])"): (1, (1,)),
        ("distance", "greater_than(0)"): (1, (0,)),
        ("distance", "less_than_or_equal_to(6000)"): (1, (1,)),
        ("distance", "even"): (2, (0, 2)),
        ("share", "in_range(0, 1)"): (2, (0, 1)),
    }


def test_a_rule_that_raises_is_a_broken_rule() -> None:
    assert [f.rule for f in check(frame(), Flight)] == ['crashes could not be evaluated: ValueError("no")']


def test_a_wrong_type_and_a_missing_column_are_named() -> None:
    found = check(frame(distance=["x", "y", "z"]).drop("late"), Flight)
    assert ("late", "column missing") in {(f.column, f.rule) for f in found}
    assert ("distance", "type Int64, found String") in {(f.column, f.rule) for f in found}


def test_many_broken_rows_are_counted_and_only_the_first_are_named() -> None:
    class Positive(pa.DataFrameModel):
        x: int = pa.Field(gt=0)

    (found,) = check(pl.DataFrame({"x": [-1] * 1000}), Positive)
    assert (found.rows, found.positions) == (1000, (0, 1, 2, 3, 4))


def test_a_strict_contract_refuses_other_columns() -> None:
    class Strict(pa.DataFrameModel):
        x: int

        class Config:
            strict = True

    assert [f.column for f in check(pl.DataFrame({"x": [1], "y": [1]}), Strict)] == ["y"]


def test_no_contract_has_no_rules() -> None:
    assert check(frame(), None) == ()
    assert expected_types(None) == {}
    assert required_columns(None) == ()


def test_a_refusal_holds_every_failure_and_exits_with_two() -> None:
    found = [
        f.placed(lambda row: f"f.csv:{row + 2}")
        for f in check(frame(distance=[-2, 4, 6], share=[9.0, 0.0, 0.0]), Flight)
    ]
    with pytest.raises(ContractError) as error:
        refuse(found, dataset="flights")
    assert error.value.exit_code == 2
    assert "distance: greater_than(0) broken by 1 row (f.csv:2)" in error.value.why
    assert "share: in_range(0, 1)" in error.value.why
    assert len(error.value.context["failures"]) == len(found)  # type: ignore[arg-type]


def test_missing_columns_alone_have_an_error_of_their_own() -> None:
    class Two(pa.DataFrameModel):
        x: int
        y: int

    with pytest.raises(MissingColumnError, match="'x', 'y'"):
        refuse(check(pl.DataFrame({"z": [1]}), Two), dataset="d")


def test_a_class_that_is_no_model_is_told() -> None:
    class Broken(pa.DataFrameModel):
        x: "Unknown"  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(LoopFileError, match="Broken"):
        expected_types(Broken)


def test_types_and_required_columns_come_from_the_annotations() -> None:
    assert expected_types(Flight)["distance"] == pl.Int64
    assert expected_types(Flight)["origin"] == pl.String
    assert "extra" not in required_columns(Flight)
    assert 'it\'s "odd"\n' in required_columns(Flight)


def test_the_door_gets_kinds_bounds_and_levels() -> None:
    door = {column.name: column for column in columns(Flight, frame(more=[1.5, 2.5, None]))}
    assert door["origin"] == Column(name="origin", kind="category", categories=("EWR", "JFK"), closed=True)
    assert door["distance"] == Column(name="distance", kind="int", minimum=0.0, exclusive_minimum=True, maximum=6000.0)
    assert door["share"] == Column(
        name="share", kind="float", nullable=True, minimum=0.0, maximum=1.0, exclusive_maximum=True
    )
    assert door["late"] == Column(name="late", kind="bool", nullable=True)
    assert door['it\'s "odd"\n'] == Column(name='it\'s "odd"\n', kind="int", minimum=1.0, maximum=2.0)
    assert door["more"] == Column(name="more", kind="float", nullable=True)
    assert door["flight_id"].kind == "string"
