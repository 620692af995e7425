"""How good guards are, worked out on labelled texts."""

import pytest

from loopwright.app.guard_trials import check_text, try_guards
from loopwright.core.clock import SystemClock
from loopwright.errors import UsageError
from loopwright.llm.guards.trials.labelled import Labelled, LabelledSet, shipped
from loopwright.stats.intervals import wilson


def texts(*rows: tuple[str, bool, str]) -> LabelledSet:
    made = [
        Labelled(guard="personal_data", text=text, bad=bad, kind=kind, id=str(n), tags=("new",) if n == 0 else ())
        for n, (text, bad, kind) in enumerate(rows)
    ]
    return LabelledSet(name="mine", texts=tuple(made))


def test_recall_and_false_positives_are_shares_with_intervals() -> None:
    mine = texts(
        ("write to ann@example.org", True, "email"), ("Anna Lee lives here", True, ""),
        ("ann@example.org", True, "card"),
        ("nothing here", False, ""), ("bob@example.org is no address", False, ""),
    )  # fmt: skip
    (trial,) = try_guards(mine, SystemClock()).guards
    assert (trial.recall.found, trial.recall.of, trial.missed) == (1, 3, ("1", "2"))
    assert (trial.false_positives.found, trial.false_positives.of, trial.wrong) == (1, 2, ("4",))
    assert (trial.recall.low, trial.recall.high) == (wilson(1, 3).low, wilson(1, 3).high)
    assert trial.by_tag["new"].share == 1.0
    assert trial.ms_per_kb is not None
    assert trial.ms_per_kb > 0.0


def test_a_share_of_nothing_is_unknown() -> None:
    (trial,) = try_guards(texts(("ann@example.org", True, "")), SystemClock()).guards
    assert (trial.false_positives.share, trial.false_positives.low) == (None, None)


def test_a_guard_without_texts_is_refused() -> None:
    with pytest.raises(UsageError, match="no texts for a guard of 'secrets'"):
        try_guards(texts(("a", True, "")), SystemClock(), only=["secrets"])


def test_the_shipped_guards_are_as_good_as_the_pages_say() -> None:
    trials = {trial.guard: trial for trial in try_guards(shipped(), SystemClock()).guards}
    least = {
        "personal_data": 0.95,
        "secrets": 0.95,
        "prompt_injection": 0.78,
        "toxicity": 0.8,
        "json": 1.0,
        "topics": 0.7,
    }
    most = {
        "personal_data": 0.03,
        "secrets": 0.02,
        "prompt_injection": 0.06,
        "toxicity": 0.12,
        "json": 0.0,
        "topics": 0.1,
    }
    assert {kind for kind, trial in trials.items() if (trial.recall.share or 0.0) < least[kind]} == set()
    assert {kind for kind, trial in trials.items() if (trial.false_positives.share or 0.0) > most[kind]} == set()
    assert trials["prompt_injection"].by_tag["morse"].share == 0.0


def test_a_text_is_only_looked_at() -> None:
    checked = check_text("mail ann@example.org, password = hunter2Xy9", ["personal_data", "secrets"])
    assert checked.text == "mail [email], password = [password]"
    assert [finding.action for finding in checked.findings] == ["monitor", "monitor"]
    with pytest.raises(UsageError):
        check_text("x", ["topics"])
