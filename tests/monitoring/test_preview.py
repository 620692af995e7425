"""A preview says what a rule costs and catches, and when it cannot say."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.preview import Effort, Preview, preview
from loopwright.monitoring.rules.drift import drift
from loopwright.monitoring.window import Window

QUICK = Effort(windows=100, streams=3, horizon=15)


def tried(reference, rule, **more):
    return preview(reference, rule, rng=np.random.default_rng(0), effort=QUICK, **more)


def test_days_that_are_alike_are_advised_and_tried(world, refer):
    told = []
    found = tried(
        refer(world.days(0, 70)),
        drift(),
        mean_times=(30, 300),
        progress=lambda words, share: told.append((words, share)),
    )
    assert [(s.window, s.mean_time) for s in found.settings] == [("1d", 30), ("1d", 300)]
    assert "window='1d'" in found.advice
    assert all(s.windows == 100 and s.low <= s.per_thousand <= s.high for s in found.settings)
    shares = {catch.kind: catch for catch in found.settings[0].catches}
    assert set(shares) == {"place", "share", "missing"}
    assert shares["missing"].size is not None
    assert shares["missing"].median_windows <= 15
    assert told[-1] == ("window 1d", 1.0)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Preview) == found


def test_rows_without_time_are_tried_as_rows(world, refer):
    found = tried(refer(world.days(0, 40), timed=False), drift(window="auto"), mean_times=(1_000,))
    assert [s.window for s in found.settings] == ["500 rows"]
    assert found.independence.independent is None
    place = next(catch for catch in found.settings[0].catches if catch.kind == "place")
    assert place.size <= 0.5


def test_windows_that_the_reference_does_not_count_are_unknown_before_anything_runs(make_world, refer):
    """Three rows an hour: days are kept, hours are not."""
    found = tried(refer(make_world(0, rows=72).days(0, 30)), drift(window="6h"), mean_times=(100,))
    assert "it judges windows of rows or of whole days ('1d')" in found.settings[0].unknown
    assert "under 20 rows each" in found.settings[0].unknown
    assert "This reference judges windows of rows or of whole days" in found.advice


def test_a_longer_mean_time_never_alarms_more_nor_catches_less_soon(world, refer):
    found = tried(refer(world.days(0, 40), timed=False), drift(window="200 rows"), mean_times=(10, 1_000))
    often, rarely = found.settings
    assert often.false_alarms >= rarely.false_alarms
    for early, late in zip(often.catches, rarely.catches, strict=True):
        assert late.size is None or (early.size, early.median_windows) <= (late.size, late.median_windows)


@pytest.mark.parametrize(("days", "rows", "why"), [(5, "1d", "8 are needed"), (1, "100 rows", "no verdict")])
def test_what_cannot_be_tried_is_unknown_with_its_reason(make_world, refer, days, rows, why):
    world = make_world(0, rows=60)
    found = tried(refer(world.days(0, days)), drift(window=rows), mean_times=(100,))
    assert why in found.settings[0].unknown
    assert found.settings[0].per_thousand is None


def test_only_watched_columns_are_changed(world, refer):
    found = tried(refer(world.days(0, 60)), drift("carrier"), mean_times=(100,))
    assert {catch.kind for catch in found.settings[0].catches} == {"share", "missing"}


class Scripted:
    """A rehearsal whose evidence is written down: it alarms, and alarms again."""

    def __init__(self, evidence):
        self.evidence = evidence

    def begin(self, rng, *, mean_times, change=None):
        windows = (Window(columns={"x": {number: ()}}) for number in range(len(self.evidence)))
        return [self] * len(mean_times), windows

    def start(self):
        return 0

    def update(self, state, window, *, through):
        return state + 1

    def verdict(self, state):
        return Verdict(check="drift", outcome=Outcome.PASS, reason="written", value=self.evidence[state - 1])

    def reset(self, state):
        return state


def test_it_says_that_a_rolling_reference_calls_nobody(world, refer, monkeypatch):
    monkeypatch.setattr("loopwright.monitoring.preview.rehearsal_of", lambda *_: Scripted([0.0] * 200))
    reference = refer(world.days(0, 20))
    said = tried(reference, drift(reference="rolling"), mean_times=(100,)).advice
    assert "a rolling one is the report's alone" in said
    assert "rolling" not in tried(reference, drift(), mean_times=(100,)).advice


def test_a_change_is_caught_when_the_rule_first_speaks(world, refer, monkeypatch):
    script = Scripted([0.0, 40.0, 2.0, 50.0, 60.0, 400.0] + [0.0] * 200)
    monkeypatch.setattr("loopwright.monitoring.preview.rehearsal_of", lambda *_: script)
    found = tried(refer(world.days(0, 20)), drift("delay"), mean_times=(30, 300, 3_000))
    by_mean_time = {setting.mean_time: setting.catches[0] for setting in found.settings}
    assert [by_mean_time[a].median_windows for a in (30, 300, 3_000)] == [2, 6, None]
