"""Two real years: when each detector spoke, and whether the model had become worse.

    python benchmarks/real_drift.py [--quick] [--only flights weather] [--pictures FOLDER] [--peers FOLDER]

Flights of 2013 (model of January and February, holdout March, played from April) and the weather at their airports
(model of January to March, holdout April, played from May), day by day, as they would have come. Prints tables in
Markdown and draws one picture a set. Evidently 0.7 and NannyML 0.13 run in environments of their own
(`benchmarks/.peers/evidently` and `nannyml`) where these are there. `--quick` leaves out the classifier, the hours, and
most shuffles.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from real_drift_picture import picture
from real_drift_told import (
    WEEK,
    Told,
    in_blocks,
    in_rows,
    later,
    peers,
    played_drift,
    played_estimate,
    played_losses,
    played_performance,
    played_report,
    played_rows,
)
from real_drift_worlds import World, shuffled, worlds

from loopwright.core.verdict import Outcome
from loopwright.monitoring.drift import drift_report, incident_detector, settled
from loopwright.monitoring.independence import reference_independence
from loopwright.monitoring.reference import DAY
from loopwright.monitoring.rules.drift import DriftRule, drift
from loopwright.monitoring.window import summarise
from loopwright.stats.intervals import Interval, auc_interval

HERE = Path(__file__).parent
HOURS = {"flights": "1h", "weather": "6h"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without the classifier, the hours, and most shuffles")
    parser.add_argument("--only", nargs="*", default=None, help="of flights, weather")
    parser.add_argument("--pictures", type=Path, default=None, help="folder to draw the pictures into")
    parser.add_argument("--peers", type=Path, default=HERE / ".peers", help="folder of the peers' environments")
    asked = parser.parse_args()
    for world in worlds():
        if asked.only is None or world.name in asked.only:
            played = play(world, quick=asked.quick, folder=asked.peers)
            show(world, played)
            control(world, shuffles=2 if asked.quick else 10, quick=asked.quick)
            report_control(world, shuffles=1 if asked.quick else 10)
            if asked.pictures is not None:
                asked.pictures.mkdir(parents=True, exist_ok=True)
                path = asked.pictures / f"real-drift-{world.name}.svg"
                path.write_text(picture(world, played, by(world, fortnightly)), encoding="utf-8")
                print(f"\nThe picture is in {path}.")


def rules(world: World, *, quick: bool) -> list[DriftRule]:
    """The drift rules that are played."""
    days = [drift(window="auto"), drift(reference="seasonal"), drift(window="500 rows")]
    hours = HOURS[world.name]
    return days if quick else [*days, drift(window=hours), drift(window=hours, reference="seasonal")]


def play(world: World, *, quick: bool, folder: Path) -> list[Told]:
    """Every detector over the rest of the year."""
    reference = world.reference()
    found = reference_independence(reference)
    print(f"\n## {world.title}\n\nReference: {reference.rows:,} rows of {reference.blocks} days; {found.reason}. "
          f"`window=\"auto\"` is {settled(drift(window='auto'), reference).window}.")  # fmt: skip
    steps: list[Callable[[], Told | list[Told]]] = [
        lambda: played_performance(world, reference),
        lambda: played_estimate(world, reference),
        *(lambda rule=rule: played_drift(world, reference, rule) for rule in rules(world, quick=quick)),
        *(lambda rule=rule: played_report(world, reference, rule)
          for rule in (drift(), drift(reference="seasonal"), drift(reference="rolling"))),
        *(lambda m=m: played_rows(world, m) for m in (["pca"] if quick else ["classifier", "pca"])),
        *(lambda m=m: played_losses(world, m) for m in ("adwin", "page_hinkley")),
        lambda: peers(world, folder),
    ]  # fmt: skip
    played: list[Told] = []
    for step in steps:
        start = time.process_time()
        made = step()
        for told in made if isinstance(made, list) else [made]:
            played.append(told)
            print(f"{world.name}: {told.name}: {time.process_time() - start:.1f} s", file=sys.stderr, flush=True)
    return played


def monthly(day: int) -> int:
    """The first day of the month that a day is in."""
    at = date(day)
    return int((datetime(at.year, at.month, 1, tzinfo=UTC)).timestamp()) // 86_400


def fortnightly(day: int) -> int:
    """The first day of the fortnight that a day is in."""
    return day - (day - 4) % 14


def by(world: World, period: Callable[[int], int]) -> dict[int, Interval]:
    """The ROC AUC of each period with its 95 % interval over days."""
    watched = later(world)
    days = watched.days
    periods = np.asarray([period(int(day)) for day in days])
    score, label = watched.rows["score"].to_numpy(), watched.rows["label"].to_numpy()
    found = {}
    for first in np.unique(periods).tolist():
        part = periods == first
        if np.unique(days[part]).size > 2:
            found[first] = auc_interval(label[part], score[part], 0.95, blocks=days[part])
    return found


def state_of(world: World, span: Interval, promised: float) -> str:
    """Whether a period's figure had fallen, by its interval."""
    if span.high < promised - world.loss_at_most:
        return "fell"
    return "lower" if span.high < promised else "as before" if span.low <= promised else "higher"


def show(world: World, played: Sequence[Told]) -> None:
    """The two tables."""
    promised, months = world.promised(), by(world, monthly)
    states = {first: state_of(world, span, promised) for first, span in months.items()}
    print(f"\nHoldout: ROC AUC {promised:.3f}, allowed {promised - world.loss_at_most:.3f}.\n")
    print("| month | late | ROC AUC [95 %, over days] | against the holdout |\n|---|---|---|---|")
    watched = later(world)
    for first, span in months.items():
        part = np.asarray([monthly(int(day)) == first for day in watched.days])
        share = float(watched.rows["label"].to_numpy()[part].mean())
        print(f"| {date(first):%B} | {share:.1%} | {span.value:.3f} [{span.low:.3f}, {span.high:.3f}] "
              f"| {states[first]} |")  # fmt: skip
    names = [f"{date(first):%b}" for first in months]
    marked = [f"{name}{'*' if states[first] == 'fell' else ''}" for name, first in zip(names, months, strict=True)]
    print("\n| detector | first alarm | what it named | spells | looks in alarm, of all | " + " | ".join(marked)
          + " |\n" + "|---" * (5 + len(names)) + "|")  # fmt: skip
    for told in played:
        print(row(told, list(months)))
    print("\n\\* the month's interval lies wholly below what is allowed.")


def row(told: Told, months: list[int]) -> str:
    """A detector's line: its first alarm, and in how many looks of each month it was in alarm."""
    first = f"{date(min(told.alarms)):%-d %B}" if told.alarms else "none"
    if told.unknown:
        first += f"; unknown in {told.unknowns} looks: {told.unknown.partition(';')[0]}"
    if told.opens and told.warned is not None:
        first += f"; a warning from {date(told.warned):%-d %B}"
    in_months = [sum(monthly(day) == month for day in told.alarms) or "" for month in months]
    kind = "" if told.opens else " (report)"
    return (f"| `{told.name}`{kind} | {first} | {told.named()} | {len(told.spells)} | {len(told.alarms)} of "
            f"{len(told.looked)} | " + " | ".join(str(each) for each in in_months) + " |")  # fmt: skip


def control(world: World, *, shuffles: int, quick: bool) -> None:
    """The same year with its weeks in another order: nothing changes in the mean, so each alarm is a false one."""
    print("\nWeeks of the whole year in another order, stated mean time 1,000 windows, evidence anew after an alarm:\n")
    print("| rule | alarms | windows | one in |\n|---|---|---|---|")
    for rule in [drift(), *rules(world, quick=quick)[1:]]:
        alarms, windows, unknown = 0, 0, ""
        for seed in range(shuffles if rule.window in ("1d", "auto") else min(shuffles, 2)):
            mixed = shuffled(world, np.random.default_rng(seed))
            found = false_alarms(mixed, rule)
            alarms, windows, unknown = alarms + found[0], windows + found[1], unknown or found[2]
        rate = f"{windows / alarms:,.0f}" if alarms else "–"
        print(f"| `{rule.name}` | {unknown or alarms} | {windows:,} | {rate} |", flush=True)


def false_alarms(world: World, rule: DriftRule) -> tuple[int, int, str]:
    """Alarms, windows, and why there was no verdict."""
    reference = world.reference(honest=False)
    detector = incident_detector(rule, reference)
    watched, state = later(world), detector.start()
    rows = settled(rule, reference).rows
    steps = in_rows(watched, reference, rows) if rows else in_blocks(watched, reference, rule.block_us or DAY)
    alarms, windows, unknown = 0, 0, ""
    for window, through, _ in steps:
        state = detector.update(state, window, through=through)
        verdict = detector.verdict(state)
        if verdict.outcome is Outcome.UNKNOWN:
            unknown = verdict.reason
            continue
        windows += 1
        if verdict.outcome is Outcome.FAIL:
            alarms += 1
            state = detector.reset(state)
    return alarms, windows, "" if windows else f"unknown: {unknown}"


def report_control(world: World, *, shuffles: int) -> None:
    """How many weeks of the shuffled years the report colours, by a column or by a pair alone."""
    weeks = coloured = by_pairs = 0
    for seed in range(shuffles):
        mixed = shuffled(world, np.random.default_rng(seed))
        reference, watched = mixed.reference(honest=False), later(mixed)
        whole = summarise(watched.table(), watched.times, reference)
        for first in range(world.watched, int(watched.days.max()) - WEEK + 2, WEEK):
            verdict = drift_report(drift(), reference, whole.between(first, first + WEEK))
            weeks += 1
            coloured += verdict.outcome is Outcome.WARN
            moved = any(column["moved"] for column in verdict.details.get("columns", ()))
            by_pairs += verdict.outcome is Outcome.WARN and not moved
    print(f"\nThe report colours {coloured} of {weeks} of these weeks, {by_pairs} of them for pairs of columns alone.")


def date(day: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)


if __name__ == "__main__":
    main()
