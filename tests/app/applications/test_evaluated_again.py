"""What a rule makes of the newest turn of the gate's cases; whole turns are in test_aside.py."""

import dataclasses
from typing import Any

import msgspec
import pytest
from tests.app.applications.conftest import Declare

from loopwright.app.evaluations.aside import Turn
from loopwright.app.evaluations.results import kept_results
from loopwright.app.monitor.judges.evaluated_again import evaluated_again
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.core.verdict import Outcome
from loopwright.monitoring.rules.reevaluation import reevaluate

DAY = 86_400 * SECOND
RULE = reevaluate("daily")


@dataclasses.dataclass
class Looked:
    """As much of a look as is asked for."""

    workspace: Any
    loop: Any
    version: str
    now: int


def _outcome(declare: Declare, **changes: Any) -> tuple[Outcome, str]:
    workspace, loaded = declare()
    run_loop(workspace, loaded)
    version = str(champion_of(workspace, "bot"))
    (kept,) = kept_results(workspace, version=version)
    now = workspace.clock.now()
    turn = Turn(endpoint="bot", what="gate", at=now, version=version, found={"cases": kept.id})
    if changes.pop("turn", True):
        workspace.stores.ledger.commit(records=[msgspec.structs.replace(turn, **changes).record()])
    (verdict,) = evaluated_again(RULE, Looked(workspace, loaded.loop, version, now)).verdicts  # type: ignore[arg-type]
    return verdict.outcome, verdict.reason


def test_the_newest_turn_speaks(declare: Declare) -> None:
    outcome, reason = _outcome(declare)
    assert outcome is Outcome.PASS
    assert "contains" in reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"turn": False}, "not been evaluated again yet"),
        ({"version": "another"}, "not been evaluated again yet"),
        ({"failed": "LW516 away"}, "LW516 away"),
        ({"at": 0}, "too old"),
        ({"found": {"cases": "evl_gone"}}, "not there"),
    ],
)
def test_what_says_nothing_is_unknown(declare: Declare, changes: dict[str, Any], words: str) -> None:
    outcome, reason = _outcome(declare, **changes)
    assert outcome is Outcome.UNKNOWN
    assert words in reason
