from typing import Any

import msgspec
import pytest

from loopwright.app.player import Play
from loopwright.app.replay import ReplayResult
from loopwright.app.run import LoopRun
from loopwright.app.story import as_json, chapters, untold
from loopwright.app.trace import journal
from loopwright.core.events import EventDraft
from loopwright.features.parity import ParityReport

Project = Any
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("dataset_landed", {"rows": 1000}),
    ("step_finished", {"step": "training_set:table", "duration_us": 1_000_000}),
    ("step_finished", {"step": "train", "duration_us": 2_000_000}),
    ("gate_judged", {"checks": {"at_least(roc_auc, 0.6)": "pass"}}),
    ("ref_moved", {"to": "v1"}),
    ("dataset_refused", {}),
    ("labels_landed", {"labels": 5}),
    ("incident_opened", {"checks": ["drift"], "reason": "x moved"}),
    ("retrain_decided", {"decision": "run"}),
    ("gate_judged", {"checks": {}}),
    ("release_started", {"share": 0.05}),
    ("release_step", {"share": 1.0}),
    ("release_finished", {"outcome": "promoted", "requests": 1000, "labels": 10}),
    ("ref_moved", {"to": "v2"}),
    ("incident_resolved", {"reason": "seen to be fixed by version v2"}),
    ("gate_judged", {"checks": {}}),
    ("act_refused", {"code": "LW301"}),
    ("override_recorded", {}),
    ("release_started", {"share": 0.05}),
    ("arm_tripped", {"cause": "hang"}),
    ("release_finished", {"outcome": "rolled_back"}),
    ("version_reproduced", {"verdict": "identical"}),
]


def told(project: Project, story: list[tuple[str, dict[str, Any]]], *, failed: int = 0) -> list[Any]:
    """The chapters of a journal with these events."""
    ledger = project.workspace().stores.ledger
    for kind, data in story:
        ledger.commit(events=[EventDraft(kind=kind, subject="dataset:table", data=data, logical_at=0)])
    play = Play(
        ended_at=1, requests=10, failed=failed, failures={}, acts=2, story_told=True, seconds={}
    )  # fmt: skip
    parity = ParityReport(rows=3, tolerance_ratio=1e-9, features=())
    first = LoopRun(run="run_1", ran=(), reused=(), results={}, landed=())
    result = ReplayResult(home="", play=play, parity=parity, first=first, events=len(story), seconds={})
    return list(chapters(list(journal(ledger)), result))


def without(kind: str, *, nth: int = 0) -> list[tuple[str, dict[str, Any]]]:
    place = [index for index, (found, _) in enumerate(WHOLE) if found == kind][nth]
    return WHOLE[:place] + WHOLE[place + 1 :]


def test_a_whole_story_has_nine_chapters_with_their_events(bare: Project) -> None:
    found = told(bare, WHOLE)
    assert [chapter.number for chapter in found] == list(range(1, 10))
    assert untold(found) == ()
    events = {seq for chapter in found for seq in chapter.events}
    assert events <= set(range(1, len(WHOLE) + 1))
    assert "canary 5%, 100%; promoted after 1,000 requests" in found[6].text
    assert "incident resolved on 1970-01-01: seen to be fixed by version v2" in found[6].text
    assert as_json(found)[8]["title"] == "proof"


@pytest.mark.parametrize(
    ("story", "chapter"),
    [
        ([], 1),
        (without("dataset_refused"), 1),
        (without("incident_opened"), 6),
        (without("release_finished"), 7),
        (without("incident_resolved"), 7),
        ([*WHOLE, ("incident_resolved", {"ending": "not_confirmed"})], 7),
        ([*WHOLE, ("incident_reopened", {"reason": "it failed again"})], 7),
        (without("act_refused"), 8),
        (without("arm_tripped"), 8),
        (without("release_finished", nth=1), 8),
        (without("version_reproduced"), 9),
        ([*WHOLE[:-1], ("version_reproduced", {"verdict": "different"})], 9),
        ([*WHOLE[:-2], ("release_finished", {"outcome": "promoted", "requests": 1, "labels": 1}), WHOLE[-1]], 8),
    ],
)
def test_a_chapter_that_the_journal_does_not_bear_out_is_untold(
    bare: Project, story: list[tuple[str, dict[str, Any]]], chapter: int
) -> None:
    assert chapter in [missing.number for missing in untold(told(bare, story))]


def test_a_failed_request_is_no_whole_story(bare: Project) -> None:
    assert [chapter.number for chapter in untold(told(bare, WHOLE, failed=1))] == [5]


def test_chapters_are_json(bare: Project) -> None:
    assert msgspec.json.encode(as_json(told(bare, WHOLE)))
