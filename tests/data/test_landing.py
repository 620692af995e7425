from collections.abc import Callable
from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest

from loopwright.core.hashing import digest_bytes
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land, land_frame, land_pushed
from loopwright.data.parts import current, version_of
from loopwright.data.pushing import push
from loopwright.data.versions import read
from loopwright.errors import (
    ConflictError,
    ContractError,
    DuplicateKeyError,
    MissingColumnError,
    SourceError,
    UsageError,
)
from loopwright.store.open_stores import Stores
from loopwright.testing.clocks import ManualClock

Write = Callable[[str, str | pl.DataFrame], Path]


class Row(pa.DataFrameModel):
    id: int
    x: float = pa.Field(ge=0)


KEYED = Dataset("d", source="data/*.csv", contract=Row, key="id")
PLAIN = Dataset("d", source="data/*.csv")


def nothing_written(stores: Stores) -> bool:
    return not list(stores.blobs.list()) and not stores.ledger.refs("default/dataset/")


def test_a_landing_is_one_version_one_pointer_and_one_event(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "id,x\n1,0.5\n2,1\n")
    landing = land(stores, KEYED, clock=clock, actor="me")
    assert (landing.rows, landing.files, landing.changed, landing.previous) == (2, ("data/a.csv",), True, None)
    assert stores.ledger.ref("default/dataset/d@latest") == landing.version
    version = version_of(stores, str(landing.version))
    assert version.digest == landing.version
    assert version.parts[0].source_digest == digest_bytes(b"id,x\n1,0.5\n2,1\n")
    (event,) = stores.ledger.read()
    assert (event.kind, event.subject, event.actor, event.seq) == ("dataset_landed", "dataset:d", "me", landing.event)


def test_the_same_files_again_are_no_new_version(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "id,x\n1,0.5\n")
    first = land(stores, KEYED, clock=clock)
    clock.advance(10**9)
    again = land(stores, KEYED, clock=clock)
    assert (again.version, again.changed, again.unchanged, again.event) == (first.version, False, 1, None)
    assert len(stores.ledger.read()) == 1


def test_only_new_and_changed_files_land(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "id,x\n1,1\n")
    write("data/b.csv", "id,x\n2,2\n")
    land(stores, KEYED, clock=clock)
    write("data/b.csv", "id,x\n2,22\n")
    write("data/c.csv", "id,x\n3,3\n")
    landing = land(stores, KEYED, clock=clock)
    assert landing.files == ("data/b.csv", "data/c.csv")
    assert sorted(read(stores, "d").select("id", "x").rows()) == [(1, 1.0), (2, 22.0), (3, 3.0)]


def test_a_file_that_went_back_to_an_older_content_lands_again(
    stores: Stores, clock: ManualClock, write: Write
) -> None:
    for content in ("id,x\n1,1\n", "id,x\n1,2\n", "id,x\n1,1\n"):
        write("data/a.csv", content)
        assert land(stores, KEYED, clock=clock).changed
    assert read(stores, "d")["x"].to_list() == [1.0]


def test_a_renamed_file_is_no_new_one(stores: Stores, clock: ManualClock, write: Write) -> None:
    path = write("data/a.csv", "x\n1\n")
    land(stores, PLAIN, clock=clock)
    path.rename(path.with_name("b.csv"))
    landing = land(stores, PLAIN, clock=clock)
    assert not landing.changed
    assert landing.vanished == ("data/a.csv",)


def test_a_file_that_vanished_stays_in_the_dataset_and_is_told(
    stores: Stores, clock: ManualClock, write: Write
) -> None:
    path = write("data/a.csv", "id,x\n1,1\n")
    write("data/b.csv", "id,x\n2,2\n")
    land(stores, KEYED, clock=clock)
    path.unlink()
    assert land(stores, KEYED, clock=clock).vanished == ("data/a.csv",)
    assert read(stores, "d").height == 2


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ("id,x\n1,1\n2\n", SourceError, "line 3"),
        ("", SourceError, "empty"),
        ("id\n1\n", MissingColumnError, "'x'"),
        ("id,x\n1,1\n1,2\n", DuplicateKeyError, "'id'"),
        ("id,x\n1,-1\n2,abc\n", ContractError, "2 ways"),
    ],
)
def test_bad_data_is_refused_and_nothing_is_written_but_the_refusal(
    stores: Stores, clock: ManualClock, write: Write, content: str, error: type[Exception], said: str
) -> None:
    write("data/a.csv", "id,x\n7,7\n")
    write("data/b.csv", content)
    with pytest.raises(error, match=said) as caught:
        land(stores, KEYED, clock=clock)
    assert nothing_written(stores)
    (event,) = stores.ledger.read()
    assert event.kind == "dataset_refused"
    assert event.data["code"] == caught.value.code  # type: ignore[attr-defined]
    assert "abc" not in str(event.data)
    assert event.data.get("line") == (3 if "line" in said else None)


def test_a_refusal_names_files_and_lines_across_files(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "id,x\n1,1\n2,-5\n")
    write("data/b.csv", "id,x\n3,3\n1,oops\n4,-1\n")
    with pytest.raises(ContractError) as error:
        land(stores, KEYED, clock=clock)
    assert "x: type Float64 broken by 1 row (data/b.csv:3 key 1)" in error.value.why
    assert "id: unique broken by 2 rows (data/a.csv:2 key 1, data/b.csv:3 key 1)" in error.value.why


def test_the_value_that_is_no_number_does_not_hide_the_other_rules_of_its_file(
    stores: Stores, clock: ManualClock, write: Write
) -> None:
    write("data/a.csv", "id,x\n1,oops\n,2\n")
    with pytest.raises(ContractError) as error:
        land(stores, KEYED, clock=clock)
    assert "id: not null broken by 1 row (data/a.csv:3" in error.value.why


def test_without_a_contract_a_column_keeps_its_type(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "x,t\n1,1\n")
    land(stores, PLAIN, clock=clock)
    write("data/b.csv", "x,t\n2.5,words\n")
    with pytest.raises(ContractError, match=r"t: type Int64 as before, found text in data/b\.csv") as error:
        land(stores, PLAIN, clock=clock)
    raise_text = error.value.why
    assert "x:" not in raise_text


@pytest.fixture(autouse=True)
def _why_is_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are matched by what and why."""
    monkeypatch.setattr("loopwright.errors.LoopwrightError.__str__", lambda self: f"{self.what}\n{self.why}")


def test_text_that_looks_like_numbers_stays_text_where_it_was(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "t,n\nx,\n")
    land(stores, PLAIN, clock=clock)
    write("data/b.csv", "t,n\n12,3\n")
    land(stores, PLAIN, clock=clock)
    assert read(stores, "d").select("t", "n").rows() == [("x", None), ("12", 3)]


def test_columns_may_be_added(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "x\n1\n")
    land(stores, PLAIN, clock=clock)
    write("data/b.csv", "x,y\n2.5,q\n")
    land(stores, PLAIN, clock=clock)
    assert read(stores, "d").select("x", "y").rows() == [(1.0, None), (2.5, "q")]
    assert read(stores, "d", columns=["y"])["y"].to_list() == [None, "q"]


def test_a_frame_lands_once(stores: Stores, clock: ManualClock) -> None:
    frame = pl.DataFrame({"id": [1, 2], "x": [1.0, 2.0]})
    first = land_frame(stores, KEYED, frame, clock=clock)
    assert first.rows == 2
    assert not land_frame(stores, KEYED, frame, clock=clock).changed
    with pytest.raises(ContractError):
        land_frame(stores, KEYED, pl.DataFrame({"id": [1], "x": [-1.0]}), clock=clock)


def test_the_event_says_what_caused_it(stores: Stores, clock: ManualClock) -> None:
    first = land_frame(stores, KEYED, pl.DataFrame({"id": [1], "x": [1.0]}), clock=clock)
    land_frame(stores, KEYED, pl.DataFrame({"id": [2], "x": [1.0]}), clock=clock, caused_by=(int(first.event or 0),))
    assert stores.ledger.read()[-1].caused_by == (first.event,)


def test_two_that_land_at_once_both_land(stores: Stores, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = stores.ledger.commit
    rival = [pl.DataFrame({"id": [1], "x": [1.0]})]

    def slow(**arguments: object) -> object:
        if rival:
            land_frame(stores, KEYED, rival.pop(), clock=clock)
        return commit(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stores.ledger, "commit", slow)
    land_frame(stores, KEYED, pl.DataFrame({"id": [2], "x": [2.0]}), clock=clock)
    assert sorted(read(stores, "d")["id"].to_list()) == [1, 2]


def test_a_pointer_that_never_holds_still_is_a_conflict(
    stores: Stores, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(**arguments: object) -> object:
        raise ConflictError("moved")

    monkeypatch.setattr(stores.ledger, "commit", lost)
    with pytest.raises(ConflictError):
        land_frame(stores, KEYED, pl.DataFrame({"id": [2], "x": [2.0]}), clock=clock)


def test_another_key_describes_the_landed_rows_anew(stores: Stores, clock: ManualClock, write: Write) -> None:
    write("data/a.csv", "id,x,at\n1,1,2013-01-01\n1,2,2013-01-05\n")
    land(stores, Dataset("d", source="data/*.csv"), clock=clock)
    keyed = Dataset("d", source="data/*.csv", key="id", event_time="at")
    assert land(stores, keyed, clock=clock).changed
    version = current(stores, "d")
    assert version is not None
    assert (version.key, version.parts[0].unique_by) == ("id", None)
    assert version.last_event_at is not None
    assert read(stores, "d")["x"].to_list() == [2]
    with pytest.raises(MissingColumnError, match="'gone'"):
        land(stores, Dataset("d", source="data/*.csv", key="gone"), clock=clock)


def test_a_dataset_without_a_source_cannot_be_landed(stores: Stores, clock: ManualClock) -> None:
    with pytest.raises(UsageError, match="no source"):
        land(stores, Dataset("d"), clock=clock)


def test_pushed_rows_land_exactly_once(stores: Stores, clock: ManualClock) -> None:
    events = Dataset("e", key="id", event_time="at")
    push(stores, events, [{"id": 1, "at": "2013-01-01T00:00:00Z"}, {"id": 2, "at": "2013-01-02"}], known_at=100)
    push(stores, events, [{"id": 1, "at": 7}], known_at=200)
    first = land_pushed(stores, events, clock=clock)
    assert first.rows == 3
    assert not land_pushed(stores, events, clock=clock).changed
    push(stores, events, [{"id": 3, "at": 9}], known_at=150)  # known earlier than what has landed
    assert land_pushed(stores, events, clock=clock).rows == 1
    assert read(stores, "e").select("id", "_known_at").rows() == [(2, 100), (3, 150), (1, 200)]
    assert read(stores, "e", known_at=120).select("id", "_known_at").rows() == [(1, 100), (2, 100)]
