"""What each detector says of a year that is played day by day; see `real_drift.py`."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from performance_estimate import columns
from real_drift_worlds import METRIC, World

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.concept import judge_concept
from loopwright.monitoring.drift import drift_report, incident_detector, settled
from loopwright.monitoring.estimate import outside
from loopwright.monitoring.estimated_performance import DayOfRequests, judge_estimate
from loopwright.monitoring.performance import judge_performance
from loopwright.monitoring.reference import DAY, LABEL, Reference
from loopwright.monitoring.reference_kinds import rolling_reference, seasonal_reference
from loopwright.monitoring.row_reference import build_row_reference, windows_of
from loopwright.monitoring.row_rules import measure_of, row_detector
from loopwright.monitoring.rules.concept_drift import concept_drift
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.rules.estimated_performance import estimated_performance
from loopwright.monitoring.rules.performance import performance
from loopwright.monitoring.rules.rows_drift import rows_drift
from loopwright.monitoring.sample import id_hashes
from loopwright.monitoring.window import Window, count_blocks, summarise

HERE = Path(__file__).parent
WEEK = 7
HISTORY = 120
ROLLING = 28


@dataclass(kw_only=True)
class Told:
    """What one detector said.

    `looked` are the days (since 1970) of its looks, `alarms` those on which it was in alarm with the columns that it
    named; `every` the days between two looks; `opens` whether a person is called; `warned` the first day of a warning.
    """

    name: str
    every: int = 1
    opens: bool = True
    looked: set[int] = field(default_factory=set)
    alarms: dict[int, tuple[str, ...]] = field(default_factory=dict)
    unknown: str = ""
    unknowns: int = 0
    warned: int | None = None

    def take(self, verdict: Verdict, day: int, *, loud: Outcome = Outcome.FAIL) -> None:
        """One look."""
        self.looked.add(day)
        if verdict.outcome is Outcome.UNKNOWN:
            self.unknown, self.unknowns = verdict.reason, self.unknowns + 1
        if verdict.outcome is Outcome.WARN and self.warned is None:
            self.warned = day
        if verdict.outcome is loud:
            self.alarms.setdefault(day, ())
            self.alarms[day] = self.alarms[day] or tuple(verdict.details.get("named", ()))

    @property
    def spells(self) -> list[int]:
        """The first day of each run of alarms."""
        days = sorted(self.alarms)
        return [day for i, day in enumerate(days) if i == 0 or day - days[i - 1] > self.every]

    def named(self, most: int = 4) -> str:
        """The columns of the first alarm."""
        if not self.alarms:
            return ""
        first = self.alarms[min(self.alarms)]
        return ", ".join(first[:most]) + (f" and {len(first) - most} more" if len(first) > most else "")


def later(world: World) -> World:
    return world.part(world.watched, int(world.days.max()))  # the last day is not whole


def played_drift(world: World, reference: Reference, rule: DriftRule) -> Told:
    """The incident rule: each window when it is over, labels a day later."""
    settled_rule = settled(rule, reference)
    told = Told(name=settled_rule.name + (" (auto)" if rule.window == "auto" else ""))
    detector = incident_detector(rule, reference)
    watched = later(world)
    if settled_rule.rows is not None:
        steps = in_rows(watched, reference, settled_rule.rows)
    else:
        steps = in_blocks(watched, reference, settled_rule.block_us or DAY)
    state = detector.start()
    for window, through, day in steps:
        state = detector.update(state, window, through=through)
        told.take(detector.verdict(state), day)
    if settled_rule.rows is not None:
        told.every = longest_gap(told)
    return told


def longest_gap(told: Told) -> int:
    """Days between two looks of windows that end when they are full."""
    return int(np.diff(sorted(told.looked)).max())


def in_blocks(world: World, reference: Reference, period_us: int) -> Iterator[tuple[Window, int, int]]:
    whole = summarise(world.table(), world.times, reference, period_us=period_us)
    lag = DAY // period_us
    labels = whole.columns.pop(LABEL)
    for block in whole.blocks:
        known = {block - lag: labels[block - lag]} if block - lag in labels else {}
        window = whole.between(block, block + 1)
        yield Window(columns=window.columns | {LABEL: known}, pairs=window.pairs), block + 1, block * period_us // DAY


def in_rows(world: World, reference: Reference, rows: int) -> Iterator[tuple[Window, int, int]]:
    table = world.table()
    table.pop(LABEL)
    blocks = np.arange(world.rows.height) // rows
    whole, days = count_blocks(table, blocks, reference), world.days
    for block in range(world.rows.height // rows):
        yield whole.between(block, block + 1), block + 1, int(days[(block + 1) * rows - 1])


def played_report(world: World, reference: Reference, rule: DriftRule) -> Told:
    """The report rule, on each week by itself."""
    told = Told(name=f"report, weekly ({rule.reference})", every=WEEK, opens=False)
    watched = later(world)
    whole = summarise(watched.table(), watched.times, reference)
    for first in range(world.watched, int(watched.days.max()) - WEEK + 2, WEEK):
        window = whole.between(first, first + WEEK)
        against = reference
        if rule.reference == "seasonal":
            against = seasonal_reference(reference, window, DAY)
        elif rule.reference == "rolling":
            against = rolling_reference(reference, whole.between(first - ROLLING, first), DAY)
        told.take(drift_report(rule, against, window), first + WEEK - 1, loud=Outcome.WARN)
    return told


def played_performance(world: World, reference: Reference) -> Told:
    rule = performance(METRIC, loss_at_most=world.loss_at_most, min_labels=world.min_labels)
    told = Told(name=rule.name)
    watched = later(world)
    rows = watched.requests()
    for today in range(world.watched + 1, int(watched.days.max()) + 2):
        known = rows.since((today - HISTORY) * DAY).until(today * DAY)
        told.take(judge_performance(rule, reference, known, today=today), today - 1)
    return told


def played_estimate(world: World, reference: Reference) -> Told:
    """The estimate, from requests alone."""
    rule = estimated_performance(METRIC, loss_at_most=world.loss_at_most)
    told = Told(name=rule.name)
    about, watched = world.estimation(), later(world)
    rows, features, days = watched.requests(), columns(watched.rows, world.features), watched.days
    odd = outside(about, features)
    known: dict[str, DayOfRequests] = {}
    for day in range(world.watched, int(days.max()) + 1):
        part = days == day
        if part.any():
            known[str(day)] = DayOfRequests.of(rule, about, rows.score[part], losses={}, odd=odd[part], day=day)
        told.take(judge_estimate(rule, reference, about, days=known, today=day + 1, rows=rows), day)
    return told


def played_rows(world: World, method: str) -> Told:
    """Whole rows: a window a day, or several days where one has too few rows."""
    rule = rows_drift(method=method, window=world.rows_window)
    told = Told(name=f"{rule.name[:-1]}, {world.rows_window})")
    known = world.part(0, world.watched)
    kept = [name for name in world.features if method == "classifier" or name not in world.categories]
    table = known.rows.select(kept)
    reference = build_row_reference(
        lambda places: table[places],
        id_hashes([f"before-{place}" for place in range(table.height)]),
        known.times,
        measure=measure_of(rule),
        rows=rule.rows,
        period_us=rule.window_us,
    )
    watched = later(world)
    hashes = id_hashes([f"later-{place}" for place in range(watched.rows.height)])
    order = np.argsort(hashes, kind="stable")
    rows, periods = watched.rows.select(kept)[order], watched.days[order]
    windows = windows_of(periods, rule.rows)[0]
    detector = row_detector(rule, reference)
    state = detector.start()
    for period, places in windows:
        state = detector.update(state, rows[places], period=period)
        told.take(detector.verdict(state), period)
    told.every = longest_gap(told)
    return told


def played_losses(world: World, method: str) -> Told:
    """The losses, gone through each week."""
    rule = concept_drift(method=method)
    told = Told(name=rule.name, every=WEEK, opens=False)
    watched = later(world)
    rows = watched.requests()
    for today in range(world.watched + WEEK, int(watched.days.max()) + 2, WEEK):
        known = rows.since((today - HISTORY) * DAY).until(today * DAY)
        told.take(judge_concept(rule, world.signature, known), today - 1, loud=Outcome.WARN)
    return told


def peers(world: World, folder: Path) -> list[Told]:
    """Evidently and NannyML on the features, week by week; those whose environment is not there are left out."""
    found: list[Told] = []
    watched = later(world)
    weeks = world.watched + (watched.days - world.watched) // WEEK * WEEK
    full = weeks + WEEK <= int(watched.days.max()) + 1
    with tempfile.TemporaryDirectory() as shared:
        said = (pl.col("score") > 0.5).cast(pl.Int64).alias("said")
        label, at = pl.col("label").cast(pl.Int64), pl.col("at").dt.cast_time_unit("ns")
        known = world.part(0, world.watched)
        honest = pl.when(pl.Series(known.days >= world.trained)).then("score").otherwise(None).alias("score")
        known.rows.with_columns(said, label, at, honest).write_parquet(f"{shared}/reference.parquet")
        rest = watched.rows.with_columns(said, label, at, week=pl.Series(weeks)).filter(pl.Series(full))
        rest.write_parquet(f"{shared}/later.parquet")
        for tool in ("evidently", "nannyml"):
            python = folder / tool / "bin/python"
            if not python.exists():
                found.append(Told(name=tool, opens=False, unknown=f"not run: there is no environment {python.parent}"))
                continue
            found += peer(python, tool, shared, world)
    return found


def peer(python: Path, tool: str, shared: str, world: World) -> list[Told]:
    command = [str(python), str(HERE / "peers/real_drift.py"), tool, shared]
    command += [",".join(world.features), ",".join(world.categories)]
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | one)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return [Told(name=tool, opens=False, unknown=f"failed: {said[-1] if said else done.returncode}")]
    weeks = {day + WEEK - 1 for day in range(world.watched, int(later(world).days.max()) - WEEK + 2, WEEK)}
    found = []
    for name, alarms in json.loads(done.stdout.strip().splitlines()[-1]).items():
        days = {day + WEEK - 1: tuple(named) for day, named in alarms}
        found.append(Told(name=f"{name}, weekly", every=WEEK, opens=False, looked=weeks, alarms=days))
    return found
