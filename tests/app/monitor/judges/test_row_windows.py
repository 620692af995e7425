"""Windows of requests, each judged once when it is over, against the bundle's sample."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.labelled_log import LabelledLog
from loopwright.app.monitor.judges.row_windows import RowWindowsJudge
from loopwright.app.monitor.judges.table import JUDGES
from loopwright.app.monitor.look import Look
from loopwright.app.row_references import with_row_references
from loopwright.app.versions import champion_of, manifest_of
from loopwright.core.clock import SECOND
from loopwright.core.verdict import Outcome
from loopwright.formats.training_set import TrainingSet
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.registry.bundle import put_bundle

DAY = 86_400 * SECOND
ROWS = 60
JUDGE = RowWindowsJudge()


class Served:
    """A model whose bundle has a sample for a rule, and its requests day by day."""

    def __init__(self, project: Any, rule: Any) -> None:
        import polars as pl

        self.workspace = project.workspace()
        self.rule, self.loop = rule, project.loaded().loop
        old = manifest_of(self.workspace, str(champion_of(self.workspace, "small")))
        rng = np.random.default_rng(0)
        x = rng.normal(size=3_000)
        features = pl.DataFrame({"x": x, "n": x + rng.normal(0, 0.3, 3_000)})
        about = pl.DataFrame({"comment": [self._comment(rng, kitchen=False) for _ in range(3_000)]})
        rows = TrainingSet(features=features, label=(x > 0).astype(int), about=about, signature=old.signature)
        answers = 1 / (1 + np.exp(-4 * x))
        manifest = with_row_references(
            self.workspace, old, [rule], rows=rows, answers=answers, label=x > 0, event_time=None
        )
        self.version = put_bundle(self.workspace.stores.blobs, manifest)
        self.signature = manifest.signature
        self.today = self.workspace.clock.now() // DAY + 1
        self._rng, self._number = np.random.default_rng(1), 0
        self._unsaid: dict[int, list[LabelRow]] = {}
        set_clock(self.workspace.stores, self.today * DAY)
        self.state = self.plain(JUDGE.begin(rule, self.now()))
        self.today += 1

    @staticmethod
    def plain(state: Any) -> Any:
        return msgspec.json.decode(msgspec.json.encode(state))

    @staticmethod
    def _comment(rng: Any, *, kitchen: bool) -> str:
        topic = ["oven", "flour", "butter", "sugar"] if kitchen else ["gate", "delay", "crew", "seat"]
        return " ".join([*rng.choice(["the", "a", "of", "and", "we"], 5), *rng.choice(topic, 3)])

    def now(self) -> Look:
        return Look(
            workspace=self.workspace,
            loop=self.loop,
            version=self.version,
            signature=self.signature,
            reference=None,
            log=LabelledLog(self.workspace, "small", version=self.version, signature=self.signature, since=0),
            now=self.workspace.clock.now(),
        )

    def ask(self, event_day: int, count: int) -> None:
        """Requests that are received today (in the last minute) about another day."""
        at = self.today * DAY - 60 * SECOND
        made = [
            RequestRow(
                request_id=f"late{event_day}-{place}", at=at + place, event_time=event_day * DAY + 5 + place,
                endpoint="small", arm="champion", version=self.version, key=f"l{event_day}-{place}",
                inputs={"x": 0.1, "n": 0.1, "comment": "a"}, score=0.6, output={"score": 0.6},
            )
            for place in range(count)
        ]  # fmt: skip
        RequestLog(self.workspace.stores.tables).append(made)

    def label(self, day: int) -> None:
        """The labels of a day that were left out come today."""
        at = self.today * DAY + SECOND
        append_labels(
            self.workspace.stores.tables, [msgspec.structs.replace(row, at=at) for row in self._unsaid.pop(day)]
        )

    def live(
        self,
        *,
        changed: bool = False,
        rows: int = ROWS + 10,
        inputs: dict[str, Any] | None = None,
        labelled: int | None = None,
    ) -> None:
        """A day passes; a changed one has its columns turned round, other comments, unsure answers, other labels."""
        made, labels, start = [], [], self.today * DAY
        for place, x in enumerate(self._rng.normal(0, 1, rows)):
            self._number += 1
            at, sign = start + (place + 1) * SECOND, -1 if changed else 1
            n, key = float(sign * x + self._rng.normal(0, 0.3)), str(self._number)
            score = 0.5 if changed else float(1 / (1 + np.exp(-4 * x)))
            said = {"x": float(x), "n": n, "comment": self._comment(self._rng, kitchen=changed)}
            made.append(
                RequestRow(
                    request_id=f"r{key}",
                    at=at,
                    event_time=at,
                    endpoint="small",
                    arm="champion",
                    version=self.version,
                    key=key,
                    inputs=said if inputs is None else inputs,
                    score=score,
                    output={"score": score},
                )
            )
            value = bool(changed or x > 0)
            labels.append(
                LabelRow(endpoint="small", value=value, event_time=at, at=at + SECOND, source="feedback", key=key)
            )
        RequestLog(self.workspace.stores.tables).append(made)
        append_labels(self.workspace.stores.tables, labels[:labelled])
        if labelled is not None:
            self._unsaid[self.today] = labels[labelled:]
        self.today += 1
        set_clock(self.workspace.stores, self.today * DAY)

    def look(self) -> Any:
        judged = JUDGE.look(self.rule, self.state, self.now())
        self.state = self.plain(judged.state)
        return judged


WATCH = {"window": f"{ROWS} rows in 1d", "mean_time_between_false_alarms": 100}
RULES = [
    pytest.param(lw.watch.rows_drift(**WATCH), marks=pytest.mark.slow, id="rows_drift(classifier)"),
    lw.watch.rows_drift(method="pca", **WATCH),
    lw.watch.embedding_drift(["x", "n"], **WATCH),
    lw.watch.text_drift("comment", **WATCH),
    lw.watch.confidence_drift(**WATCH),
    lw.watch.target_drift(delay="1d", **WATCH),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: getattr(rule, "name", None))
def test_a_change_is_judged_day_by_day_and_fails(replayed: Any, rule: Any) -> None:
    served = Served(replayed, rule)
    for _ in range(3):
        served.live()
    judged = served.look()
    assert judged.verdicts[0].outcome is Outcome.PASS
    for _ in range(8):
        served.live(changed=True)
        judged = served.look()
    (verdict,) = judged.verdicts
    assert verdict.outcome is Outcome.FAIL
    assert verdict.n == (10 if rule.name == "target_drift" else 11)
    assert msgspec.json.encode(judged)
    assert isinstance(JUDGES[type(rule)], RowWindowsJudge)
    again = JUDGE.reset(rule, served.state, served.now())
    assert JUDGE.look(rule, again, served.now()).verdicts[0].outcome is Outcome.UNKNOWN


def test_a_look_that_was_not_written_is_made_again_and_days_count_once(replayed: Any) -> None:
    one = Served(replayed, lw.watch.confidence_drift(**WATCH))
    for day in range(6):
        one.live(changed=day > 3)
        lost = JUDGE.look(one.rule, one.state, one.now())
        assert one.look() == lost
    together = JUDGE.look(one.rule, one.plain(JUDGE.begin(one.rule, look_at(one, (one.today - 7) * DAY))), one.now())
    assert together.state == one.look().state
    assert one.look().verdicts[0].n == 6


def look_at(served: Served, now: int) -> Look:
    """A look at another moment."""
    look = served.now()
    return Look(
        workspace=look.workspace,
        loop=look.loop,
        version=look.version,
        signature=look.signature,
        reference=None,
        log=look.log,
        now=now,
    )


def test_rows_whose_window_was_judged_are_counted_as_late_once_and_said(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    served.live()
    assert served.look().verdicts[0].details["late"] == 0
    served.live()
    began = served.today - 3
    for event_day, count in ((served.today - 2, 4), (served.today - 1, 2), (began, 5)):
        served.ask(event_day, count)  # received today, about a day judged, the day that is due, one before the watch
    judged = served.look()
    assert judged.verdicts[0].details["late"] == 4, "the day that was due took its own"
    assert judged.verdicts[0].reason.endswith("; 4 rows came after their window was judged")
    assert (judged.state["late"], judged.state["windows"]) == (4, 2)
    assert JUDGE.look(served.rule, served.state, served.now()).state == judged.state, "none is counted again"
    served.live()
    assert served.look().verdicts[0].details["late"] == 4
    assert JUDGE.reset(served.rule, served.state, served.now())["late"] == 4


def test_labels_that_come_after_their_window_was_judged_are_late_too(replayed: Any) -> None:
    served = Served(replayed, lw.watch.target_drift(delay="1d", **WATCH))
    served.live(labelled=ROWS)
    served.live()
    assert served.look().verdicts[0].details["late"] == 0
    served.label(served.today - 2)
    served.live()
    assert served.look().verdicts[0].details["late"] == 10


GOLDEN = Path(__file__).parent / "golden" / "row_windows_1.json"


def test_a_state_of_format_1_goes_on_as_it_was_written(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    kept = msgspec.json.decode(GOLDEN.read_bytes())
    shift = served.today - 1 - kept["first"]
    served.state = kept | {"first": kept["first"] + shift, "period": kept["period"] + shift, "until": served.now().now}
    served.today += kept["period"] - kept["first"]
    served.live()
    after = served.look().state
    assert (after["windows"], after["late"], after["format_version"]) == (kept["windows"] + 1, kept["late"], 1)
    assert set(after) == set(kept)


def test_a_state_from_before_late_rows_were_counted_goes_on(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    served.live()
    served.look()
    served.state = {name: value for name, value in served.state.items() if name not in ("first", "until", "late")}
    served.live()
    assert (served.look().state["windows"], served.state["late"]) == (2, 0)


def test_a_day_with_too_few_rows_goes_on_and_that_is_said(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    served.live(rows=25)
    (verdict,) = served.look().verdicts
    assert verdict.outcome is Outcome.UNKNOWN
    assert "25 rows of the 60" in verdict.reason
    served.live(rows=1)
    served.live(rows=34)
    assert served.look().verdicts[0].n == 1


def test_rows_of_the_day_of_the_change_join_no_window(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    served.today -= 1
    served.live(rows=25)
    served.live(rows=40)
    assert "40 rows of the 60" in served.look().verdicts[0].reason


def test_the_day_under_way_waits(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    served.live()
    at_noon = JUDGE.look(served.rule, served.state, look_at(served, served.today * DAY - DAY // 2))
    assert at_noon.verdicts[0].outcome is Outcome.UNKNOWN
    assert at_noon.state["windows"] == 0
    assert served.look().state["windows"] == 1


def test_requests_that_lost_their_columns_are_said(replayed: Any) -> None:
    served = Served(replayed, lw.watch.rows_drift(method="mmd", **WATCH))
    served.live(inputs={"other": "text"})
    (verdict,) = served.look().verdicts
    assert "x, n came without a value" in verdict.reason


def test_words_behind_a_change_are_in_the_report_and_not_in_the_verdict(replayed: Any) -> None:
    served = Served(replayed, lw.watch.text_drift("comment", **WATCH))
    served.live(changed=True)
    judged = served.look()
    words = {entry["word"] for entry in judged.reports[0].details["words"]}
    assert {"oven", "flour", "butter", "sugar"} & words
    assert "oven" not in msgspec.json.encode(judged.verdicts).decode()


def test_without_a_sample_the_verdict_is_unknown(replayed: Any) -> None:
    served = Served(replayed, lw.watch.confidence_drift(**WATCH))
    other = lw.watch.target_drift(delay="9d")
    assert JUDGE.begin(other, served.now()) is None
    (verdict,) = JUDGE.look(other, None, served.now()).verdicts
    assert verdict.outcome is Outcome.UNKNOWN
    assert "its next version" in verdict.reason
    assert JUDGE.reset(other, None, served.now()) is None
