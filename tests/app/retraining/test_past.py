"""The record that brakes go by, whichever version wrote it."""

from typing import Any

from loopwright.app.retraining.past import MOST_KEPT, Ended, Past, past_of, read_past
from loopwright.store.ledger import Record

Project = Any
GOLDEN_1 = {"started": [1_000, 2_000], "suppressed": {"incident:inc_1": "the last retrain is within the cooldown"}}
GOLDEN_2 = {
    "started": [1_000],
    "ended": [
        {"cause": "c", "started_at": 1_000, "ended_at": 2_000, "outcome": "rejected", "seconds": 1.5,
         "id": "ret_1", "settled": ""},
    ],
    "suppressed": {},
    "format_version": 2,
}  # fmt: skip


def test_old_formats_stay_readable(bare: Project) -> None:
    workspace = bare.workspace()
    workspace.stores.ledger.commit(records=[Record(kind="retrains", id="small", data=GOLDEN_1)])
    assert past_of(workspace, "small") == Past(started=(1_000, 2_000), suppressed=GOLDEN_1["suppressed"])  # type: ignore[arg-type]
    assert past_of(workspace, "other") == Past()
    assert read_past(GOLDEN_2).ended[0].not_better


def test_a_record_reads_back_as_it_was_written() -> None:
    past = Past().with_start(5).with_suppressed("a", "because")
    assert read_past(past.record("small", 6).data) == past


def end(outcome: Any, **more: Any) -> Ended:
    return Ended(cause="c", started_at=5, ended_at=6, outcome=outcome, id="ret_1", **more)


def test_what_was_held_back_after_all_is_no_start() -> None:
    past = Past().with_start(1).with_start(5)
    assert past.with_end(end("rejected")).started == (1, 5)
    assert past.with_end(end("suppressed")).started == (1,)


def test_a_release_that_was_taken_back_is_not_better() -> None:
    past = Past().with_end(end("released"))
    assert not past.ended[0].not_better
    assert past.with_settled("ret_1", "rolled_back").ended[0].not_better
    assert not past.with_settled("ret_1", "promoted").ended[0].not_better
    assert not past.with_settled("ret_2", "rolled_back").ended[0].not_better


def test_the_past_does_not_grow_without_bound() -> None:
    past = Past()
    for at in range(3 * MOST_KEPT):
        past = past.with_start(at).with_end(end("failed")).with_suppressed(str(at), "no")
    for at in range(3 * MOST_KEPT):
        past = past.with_suppressed(str(at), "no")
    assert len(past.started) == len(past.ended) == len(past.suppressed) == MOST_KEPT
    assert past.started[-1] == 3 * MOST_KEPT - 1
    assert str(3 * MOST_KEPT - 1) in past.suppressed
