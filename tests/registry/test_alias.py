"""Aliases move only from where they were seen, to versions of their model, with an event."""

import pytest

from loopwright.errors import ConflictError, NotFoundError
from loopwright.registry.alias import AliasMove, alias_history, alias_target, aliases, move_alias
from loopwright.registry.version import (
    ModelVersion,
    Provenance,
    register_version,
)
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Ledger
from loopwright.testing.clocks import ManualClock

ONE, TWO = "1" * 64, "2" * 64

ORIGIN = Provenance(run="run_1", datasets={"flights": "d" * 64}, parameters={"trees": 200}, metrics={"roc_auc": 0.7})


@pytest.fixture
def ledger() -> Ledger:
    return MemoryLedger(clock=ManualClock())


def register(ledger: Ledger, digest: str, name: str = "delay", **more: object) -> ModelVersion:
    return register_version(ledger, name=name, digest=digest, provenance=ORIGIN, **more).version  # type: ignore[arg-type]


def move(to: str | None, expect: str | None, **more: object) -> AliasMove:
    return AliasMove(name="delay", to=to, expect=expect, reason="gate passed", **more)  # type: ignore[arg-type]


def test_alias_moves_with_an_event_and_its_history_is_kept(ledger: Ledger) -> None:
    register(ledger, ONE)
    register(ledger, TWO)
    first = move_alias(ledger, move(ONE, None))
    second = move_alias(ledger, move(TWO, ONE, caused_by=(first.seq,), actor="ann"))
    assert (second.kind, second.subject, second.actor, second.caused_by) == (
        "ref_moved",
        "model:delay",
        "ann",
        (first.seq,),
    )
    assert second.data == {
        "ref": "default/model/delay@champion", "from": ONE, "to": TWO, "reason": "gate passed",
    }  # fmt: skip
    assert alias_target(ledger, "delay") == TWO
    assert [(past.to, past.number, past.seq) for past in alias_history(ledger, "delay")] == [
        (ONE, 1, first.seq), (TWO, 2, second.seq),
    ]  # fmt: skip
    assert aliases(ledger, "delay") == {"champion": TWO, "latest": TWO}


def test_alias_moves_only_from_where_it_was_seen(ledger: Ledger) -> None:
    register(ledger, ONE)
    register(ledger, TWO)
    move_alias(ledger, move(ONE, None))
    before = len(ledger.read())
    for expect in (None, TWO):
        with pytest.raises(ConflictError):
            move_alias(ledger, move(TWO, expect))
    assert alias_target(ledger, "delay") == ONE
    assert len(ledger.read()) == before


def test_alias_points_only_at_versions_of_its_model(ledger: Ledger) -> None:
    register(ledger, ONE, "other")
    with pytest.raises(NotFoundError, match="no version of the model 'delay'"):
        move_alias(ledger, move(ONE, None))


def test_alias_can_be_taken_away(ledger: Ledger) -> None:
    register(ledger, ONE)
    move_alias(ledger, move(ONE, None))
    move_alias(ledger, move(None, ONE))
    assert alias_target(ledger, "delay") is None
    assert [past.to for past in alias_history(ledger, "delay")] == [ONE, None]
