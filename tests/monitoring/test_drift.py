"""A drift rule and a reference make the detectors."""

import msgspec
import pytest

from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.monitoring.detectors.block_rank import BlockRank
from loopwright.monitoring.detectors.row_bets import RowBets
from loopwright.monitoring.drift import drift_report, incident_detector, resumed, settled
from loopwright.monitoring.rules.drift import drift
from loopwright.monitoring.window import summarise


def test_the_rule_sets_the_detector(world, refer, count):
    reference = refer(world.days(0, 30))
    detector = incident_detector(drift("delay", mean_time_between_false_alarms=77, least_effect=0.2), reference)
    state = detector.update(detector.start(), count(world.day(40), reference), through=41)
    verdict = detector.verdict(state)
    assert (verdict.check, verdict.threshold, verdict.details["least_effect"]) == ("drift(delay)", 77, 0.2)
    assert [entry["column"] for entry in verdict.details["columns"]] == ["delay"]


def test_the_report_follows_the_rule_too(world, refer, count):
    reference = refer(world.days(0, 30))
    verdict = drift_report(drift("carrier"), reference, count(world.days(30, 5, shift=3.0), reference))
    assert verdict.outcome is Outcome.PASS
    assert drift_report(drift(), reference, count(world.days(30, 5, shift=3.0), reference)).outcome is Outcome.WARN


def test_the_report_knows_over_how_many_days_a_window_s_rows_are_spread(make_world, refer, count):
    """Few rows on each of many days tell more than as many rows of one day."""
    reference = refer(make_world(1, rows=400).days(0, 50))
    few = count(make_world(2, rows=40).days(50, 10, shift=1.5), reference)
    least = {}
    for window in ("1d", "400 rows"):
        columns = drift_report(drift(window=window), reference, few).details["columns"]
        least[window] = next(found["p_value_holm"] for found in columns if found["column"] == "delay")
    assert least["1d"] < least["400 rows"] / 2


@pytest.mark.parametrize(
    ("rows", "timed", "words"),
    [
        (72, True, "judges windows of rows or of whole days ('1d'), not hours"),
        (600, True, "no complete block"),
        (600, False, "not hours: it has no event time"),
    ],
)
def test_a_window_that_the_reference_does_not_count_says_which_ones_it_judges(make_world, refer, rows, timed, words):
    detector = incident_detector(drift(window="6h"), refer(make_world(0, rows=rows).days(0, 30), timed=timed))
    verdict = detector.verdict(detector.start())
    assert verdict.outcome is Outcome.UNKNOWN
    assert words in verdict.reason


def test_a_column_that_the_model_lacks_is_an_error_that_lists_what_it_has(world, refer):
    with pytest.raises(UsageError, match="'wind'") as caught:
        incident_detector(drift("wind"), refer(world.days(0, 30)))
    assert "delay, carrier" in caught.value.why


def test_an_automatic_window_is_rows_only_where_days_show_them_independent(make_world, refer):
    class Even(type(make_world())):
        def day(self, number, **moved):
            self.level = 0.0
            self.memory = 1.0
            return super().day(number, **moved)

    auto = drift(window="auto")
    assert settled(auto, refer(Even(1).days(0, 40))).window == "500 rows"
    assert settled(auto, refer(make_world(1).days(0, 40))).window == "1d"
    assert settled(auto, refer(make_world(1).days(0, 40), timed=False)).window == "500 rows"
    assert settled(auto, refer(make_world(1).days(0, 5))).window == "1d"
    assert settled(drift(window="6h"), refer(make_world(1).days(0, 40))).window == "6h"


def test_the_window_chooses_the_detector(world, refer):
    reference = refer(world.days(0, 40))
    assert isinstance(incident_detector(drift(), reference), BlockRank)
    assert isinstance(incident_detector(drift(window="200 rows"), reference), RowBets)
    assert incident_detector(drift(window="200 rows"), reference).name == "drift(window=200 rows)"


def test_a_state_is_resumed_by_its_own_kind_of_window_and_begun_anew_by_another(world, refer, count):
    reference = refer(world.days(0, 40))
    days, rows = (incident_detector(rule, reference) for rule in (drift(), drift(window="200 rows")))
    state = days.update(days.start(), count(world.day(40), reference), through=41)
    plain = msgspec.json.decode(msgspec.json.encode(state))
    assert resumed(days, plain) == state
    assert resumed(rows, plain, after=7) == rows.start(after=7)
    assert resumed(days, None, after=3) == days.start(after=3)
    fewer = incident_detector(drift("carrier"), reference)
    assert resumed(fewer, plain) == fewer.start()


def test_blocks_of_hours_with_seasons_are_judged(make_world, refer, count):
    world = make_world(0, rows=24 * 40)
    reference = refer(world.days(0, 35))
    detector = incident_detector(drift(window="6h", reference="seasonal", mean_time_between_false_alarms=50), reference)
    state, hours = detector.start(after=35 * 4 - 1), 6 * 3_600_000_000
    for day in range(35, 43):
        window = summarise_hours(world.day(day, shift=2.5), reference, hours)
        state = detector.update(state, window, through=(day + 1) * 4)
    assert state.blocks == 32
    assert state.columns[0].expected
    assert detector.verdict(state).outcome is Outcome.FAIL
    assert "delay" in detector.verdict(state).details["named"]


def test_blocks_that_the_reference_has_no_counts_of_are_unknown(world, refer):
    detector = incident_detector(drift(window="6h"), refer(world.days(0, 40)))
    verdict = detector.verdict(detector.start())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "no counts of blocks" in verdict.reason


def summarise_hours(rows, reference, period_us):
    return summarise(
        {n: v for n, v in rows.items() if n != "event_time"}, rows["event_time"], reference, period_us=period_us
    )
