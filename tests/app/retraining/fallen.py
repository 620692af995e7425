"""A loop whose newest champion is bad: it learned from rows with the other sign, and callers show it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from tests.app.conftest import rows

from loopwright.app.clock import set_clock
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
DAY = 86_400 * SECOND
RELEASE = """release=lw.Canary(
        steps=[50, 100], min_requests=20, guards=[ErrorGuard(required="never"), LatencyGuard(required="never")]
    ),"""


@dataclass(frozen=True, kw_only=True)
class Fallen:
    workspace: Any
    good: str
    bad: str

    def at(self, hours: float) -> None:
        set_clock(self.workspace.stores, self.workspace.clock.now() + int(hours * 3600) * SECOND)


def fallen(replayed: Project, *, roll_back_beyond: str = "0.05", retraining: str = "[]") -> Fallen:
    """Two champions, a day of watching ahead, and no request yet."""
    replayed.change(RELEASE, "release=None,")
    replayed.change("monitor=[lw.drift()]", f"monitor=[lw.reevaluate(roll_back_beyond={roll_back_beyond})]")
    replayed.change("retrain=[lw.on_new_data(table, rows=100)]", f"retrain={retraining}")
    replayed.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 0.0)')
    workspace = replayed.workspace(replay=True)
    good = str(champion_of(workspace, "small"))
    replayed.data(rows(2000, first=9000).with_columns(~pl.col("y")))
    run_loop(workspace, replayed.loaded())
    replayed.change('lw.at_least("roc_auc", 0.0)', 'lw.at_least("roc_auc", 0.6)')
    return Fallen(workspace=workspace, good=good, bad=str(champion_of(workspace, "small")))


def ask(home: Fallen, count: int = 800, *, inverted: bool = True, labelled: bool = True) -> None:
    """Requests that the champion answered, the wrong way round if it is the bad one, and what became of them."""
    rng = np.random.default_rng(count)
    start, x = home.workspace.clock.now(), rng.normal(size=count)
    truth = x + rng.normal(0, 0.5, count) > 0
    sign = -1.0 if inverted else 1.0
    score = 1 / (1 + np.exp(-sign * x))
    log = [
        RequestRow(
            request_id=f"r{start}-{i}", at=start + i, event_time=start + i - i % 6 * DAY, endpoint="small",
            arm="champion", version=home.bad, key=f"k{start}-{i}", inputs={"x": float(x[i]), "n": 1.0},
            score=float(score[i]),
        )
        for i in range(count)
    ]  # fmt: skip
    RequestLog(home.workspace.stores.tables).append(log)
    if labelled:
        told = [
            LabelRow(endpoint="small", key=row.key, value=bool(truth[i]), event_time=row.at, at=row.at, source="t")
            for i, row in enumerate(log)
        ]
        append_labels(home.workspace.stores.tables, told)
