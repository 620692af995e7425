"""How releases decide: simulated releases through the policy itself, its guards and its default settings.

    python benchmarks/release_decisions.py [--releases 1000] [--workers 2] [--only canary,ab,bandit]

Each row is one kind of challenger, released many times by `Canary()` as it is declared by default: latencies, failures,
answers and labels of both versions are drawn at random, look by look, and `decide` alone says what happens. The columns
say in what share of the releases the challenger was promoted and rolled back, and how many requests to the endpoint it
took until then (median and 95th percentile of the promotions; of the rollbacks where nothing was to be promoted).
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import expit, ndtr, ndtri

from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.release.breaker import BreakerRule, BreakerState, after, trip
from loopwright.release.evidence import ArmEvidence, Evidence, MetricValues, paired
from loopwright.release.plan import ReleasePlan, plan_release
from loopwright.release.policy import decide, start
from loopwright.release.strategy import ABTest, Bandit, Canary, Strategy

SECOND = 1_000_000
LATENCIES = np.diff(ndtr(np.log(np.array(BUCKET_BOUNDS_US) / 2_000.0)), prepend=0.0, append=1.0)


@dataclass(frozen=True, kw_only=True)
class World:
    """What a champion and its challenger are like.

    Attributes:
        error_rate: Of the champion.
        error_times: The challenger's error rate, as a multiple.
        auc: Of the champion.
        auc_lower: By how much the challenger's is lower.
        alike: Correlation of the two versions' noise; 1 is the same model.
        positives: Share of positive labels.
        labelled: Share of requests that get a label.
        requests: To the endpoint, from one look to the next.
        looks: At most.
    """

    name: str
    error_rate: float = 0.01
    error_times: float = 1.0
    auc: float = 0.80
    auc_lower: float = 0.0
    alike: float = 0.9
    positives: float = 0.3
    labelled: float = 0.25
    requests: int = 2_000
    looks: int = 300


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one release ended, and after how many requests to the endpoint."""

    decision: str
    requests: int
    labels: int


def plan_of(strategy: Strategy, variants: int = 1) -> ReleasePlan:
    names = {"candidate": "b" * 64} if variants == 1 else {f"v{i}": f"{i}" * 64 for i in range(1, variants + 1)}
    return plan_release(strategy, endpoint="e", champion="a" * 64, candidate=names, task="binary")


def canary_release(seed: int, world: World) -> Ended:
    """One release from its start to its end, or to the last look."""
    rng, plan = np.random.default_rng(seed), plan_of(Canary())
    state, share, seen = start(plan, 0), 0.05, 0
    for look in range(1, world.looks + 1):
        ours = int(rng.binomial(world.requests, share))
        seen += world.requests
        judged = decide(plan, state, look_at(rng, world, ours, world.requests - ours), now=look * SECOND)
        state, share = judged.state, judged.share
        if state.status != "running":
            return Ended(decision=judged.decision, requests=seen, labels=state.labels)
    return Ended(decision="undecided", requests=seen, labels=state.labels)


def look_at(rng: np.random.Generator, world: World, ours: int, theirs: int) -> Evidence:
    """What comes in between two looks."""
    failed = rng.random(ours) < world.error_rate * world.error_times
    totals = [totals_of(rng, ours, int(failed.sum())), totals_of(rng, theirs, rng.binomial(theirs, world.error_rate))]
    labels = int(rng.binomial(ours + theirs, world.labelled))
    label, candidate, champion = scores_of(rng, world, labels)
    evidence = paired("binary", label, candidate, champion=champion)
    split = min(ours, labels)
    return Evidence(
        arms={
            "candidate": ArmEvidence(
                totals=totals[0], outputs=candidate[:split], paired=evidence, tripped=tripped(failed)
            ),
            "champion": ArmEvidence(totals=totals[1], outputs=champion[split:]),
        }
    )


def tripped(failed: np.ndarray) -> str | None:
    """What the breaker says of the candidate's requests since the last look, one by one."""
    rule, state = BreakerRule(), after(BreakerState(), "answered")
    lately = np.convolve(failed, np.ones(rule.window), mode="same")
    if lately.max(initial=0.0) < min(rule.least_failures, rule.failures_in_a_row, rule.first_failures):
        return None
    for one in failed:
        state = after(state, "error" if one else "answered")
        if one and (found := trip(state, rule)):
            return found.why
    return None


def totals_of(rng: np.random.Generator, requests: int, failures: int) -> ArmTotals:
    """Counts of an arm whose answers take 2 ms in the middle, and twenty times that once in a thousand."""
    buckets = rng.multinomial(requests - failures, LATENCIES)
    return ArmTotals(requests=requests, errors=failures, latency_us_buckets=tuple(buckets.tolist()))


def scores_of(rng: np.random.Generator, world: World, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and the calibrated answers of both versions to the same requests."""
    label = rng.random(n) < world.positives
    noise = rng.normal(size=(2, n))
    noise[0] = world.alike * noise[1] + np.sqrt(1.0 - world.alike**2) * noise[0]
    found = []
    for auc, of in ((world.auc - world.auc_lower, noise[0]), (world.auc, noise[1])):
        apart = np.sqrt(2.0) * ndtri(auc)
        base = np.log(world.positives / (1.0 - world.positives))
        found.append(expit(apart * (apart * label + of) - apart**2 / 2.0 + base))
    return label, found[0], found[1]


def many(run: Callable[[int], Ended], releases: int, pool: ProcessPoolExecutor) -> list[Ended]:
    return list(pool.map(run, range(releases), chunksize=max(1, releases // 50)))


def canary_rows(releases: int, pool: ProcessPoolExecutor) -> None:
    rates = ((0.0, 2_000), (0.001, 10_000), (0.002, 10_000), (0.01, 3_000), (0.05, 1_000))
    worlds = [
        World(name=f"identical, errors {rate:.1%}", error_rate=rate, requests=requests) for rate, requests in rates
    ]
    worlds += [
        World(name="the same model", alike=1.0, requests=3_000),
        World(name="identical, 5 % positives", positives=0.05, requests=3_000),
        World(name="identical, retrained from scratch", alike=0.7, requests=3_000),
    ]
    worlds += [
        replace(World(name=f"twice the errors of {rate:.1%}"), error_rate=rate, error_times=2.0, requests=requests)
        for rate, requests in rates[1:]
    ]
    worlds += [
        World(name=f"AUC 0.03 lower, {share:.0%} positives", auc_lower=0.03, positives=share, requests=3_000)
        for share in (0.5, 0.3, 0.05)
    ]
    worlds.append(World(name="AUC 0.03 lower and errors doubled", auc_lower=0.03, error_times=2.0, requests=3_000))
    heads = f"{'promoted':>9}{'rolled back':>12}{'undecided':>10}{'requests p50':>13}{'p95':>10}{'labels p95':>11}"
    print(f"{'challenger':<36}{heads}")
    for world in worlds:
        began = time.monotonic()
        found = many(partial(canary_release, world=world), releases, pool)
        row(world.name, found, seconds=time.monotonic() - began)


def row(name: str, found: list[Ended], *, seconds: float) -> None:
    counts = {end: sum(e.decision == end for e in found) / len(found) for end in ("promote", "rollback")}
    told = "promote" if counts["promote"] >= 0.5 else "rollback"
    after = [e.requests if e.decision == told else np.inf for e in found]
    labels = [e.labels if e.decision == told else np.inf for e in found]
    middle, late, many_labels = (
        np.quantile(values, q, method="inverted_cdf") for values, q in ((after, 0.5), (after, 0.95), (labels, 0.95))
    )
    rest = 1.0 - sum(counts.values())
    print(
        f"{name:<36}{counts['promote']:>9.1%}{counts['rollback']:>12.1%}{rest:>10.1%}"
        f"{middle:>13,.0f}{late:>10,.0f}{many_labels:>11,.0f}   ({seconds:.0f} s)",
        flush=True,
    )


@dataclass(frozen=True, kw_only=True)
class Market:
    """What variants earn: the chance that a unit converts, by arm; `known` is the correlation with its past."""

    name: str
    champion: float
    variants: tuple[float, ...]
    known: float = 0.0
    lost: float = 0.0
    units: int = 500
    looks: int = 120


def experiment(seed: int, market: Market, strategy: ABTest | Bandit) -> tuple[Ended, float]:
    """One test, unit by unit, and what it earned less per unit than the best arm would have."""
    rng, plan = np.random.default_rng(seed), plan_of(strategy, len(market.variants))
    names = list(plan.candidates)
    rates = dict(zip(["champion", *names], [market.champion, *market.variants], strict=True))
    state, seen, lost = start(plan, 0), 0, 0.0
    for look in range(1, market.looks + 1):
        shares = state.experiment.shares
        dealt = rng.multinomial(market.units, [shares[name] for name in rates])
        arms = {}
        for name, units in zip(rates, dealt, strict=True):
            kept = int(rng.binomial(units, 1.0 - market.lost)) if name != "champion" else int(units)
            values, past = outcomes(rng, market, rates[name], kept)
            arms[name] = ArmEvidence(units=kept, metrics={"m": MetricValues(values=values, covariates=past)})
            lost += units * (max(rates.values()) - rates[name])
        seen += market.units
        judged = decide(plan, state, Evidence(arms=arms), now=look * 600 * SECOND)
        state = judged.state
        if state.status != "running":
            won = state.winner or judged.decision
            if "dealt" in judged.reasons[0]:
                won = "out of ratio"
            return Ended(decision=won, requests=seen, labels=0), lost / seen
    return Ended(decision="undecided", requests=seen, labels=0), lost / seen


def outcomes(rng: np.random.Generator, market: Market, rate: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Each unit's value now and before the test, on [0, 1]."""
    if not market.known:
        return (rng.random(n) < rate) * 1.0, np.empty(0)
    habit = rng.normal(size=n)
    now, past = (
        np.clip(0.15 * (np.sqrt(market.known) * habit + np.sqrt(1 - market.known) * rng.normal(size=n)) + mean, 0, 1)
        for mean in (rate, market.champion)
    )
    return now, past


def experiment_rows(releases: int, pool: ProcessPoolExecutor, kinds: set[str]) -> None:
    test = ABTest(metric="m", guards=[], max_time="90d")
    cuped = replace_strategy(test, cuped=True)
    bandit = Bandit(metric="m", guards=[], max_time="90d")
    runs: list[tuple[Market, ABTest | Bandit]] = []
    if "ab" in kinds:
        runs += [
            (Market(name="A/B, no difference", champion=0.1, variants=(0.1,)), test),
            (Market(name="A/B/C/D, no difference", champion=0.1, variants=(0.1, 0.1, 0.1)), test),
            (Market(name="A/B, 10 % to 12 %", champion=0.1, variants=(0.12,), looks=240), test),
            (Market(name="A/B, 10 % to 8 %", champion=0.1, variants=(0.08,), looks=240), test),
            (Market(name="A/B, past explains 0 %", champion=0.5, variants=(0.51,), known=1e-9), cuped),
            (Market(name="A/B, past explains 64 %, ignored", champion=0.5, variants=(0.51,), known=0.8), test),
            (Market(name="A/B, past explains 64 %, CUPED", champion=0.5, variants=(0.51,), known=0.8), cuped),
            (Market(name="A/B, no difference, CUPED", champion=0.5, variants=(0.5,), known=0.8), cuped),
            (Market(name="A/B, 5 % of the variant's units lost", champion=0.1, variants=(0.1,), lost=0.05), test),
        ]
    if "bandit" in kinds:
        for variants in ((0.12,), (0.08, 0.1, 0.14), (0.1,)):
            market = Market(name=f"bandit, 10 % beside {variants}", champion=0.1, variants=variants, looks=80)
            runs.append((market, bandit))
            even = replace_strategy(bandit, burn_in=10**9)
            runs.append((replace(market, name=market.name.replace("bandit", "even split")), even))
    print(f"\n{'experiment':<42}{'ends':<52}{'units p50':>10}{'p95':>9}{'lost a unit':>12}")
    for market, strategy in runs:
        found = list(
            pool.map(
                partial(experiment, market=market, strategy=strategy), range(releases), chunksize=max(1, releases // 50)
            )
        )
        ends = sorted({ended.decision for ended, _ in found})
        words = ", ".join(f"{end} {sum(e.decision == end for e, _ in found) / len(found):.1%}" for end in ends)
        units = [ended.requests for ended, _ in found]
        print(
            f"{market.name:<42}{words:<52}{np.median(units):>10,.0f}{np.quantile(units, 0.95):>9,.0f}"
            f"{np.mean([lost for _, lost in found]):>12.4f}",
            flush=True,
        )


def replace_strategy(strategy: ABTest | Bandit, **changes: object) -> ABTest | Bandit:
    """The declaration with some of it changed."""
    fields = {name: getattr(strategy, name) for name in strategy.__struct_fields__}
    return type(strategy)(**{**fields, **changes})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="canary,ab,bandit")
    given = parser.parse_args()
    kinds = set(given.only.split(","))
    with ProcessPoolExecutor(given.workers) as pool:
        if "canary" in kinds:
            canary_rows(given.releases, pool)
        if kinds & {"ab", "bandit"}:
            experiment_rows(given.releases, pool, kinds)


if __name__ == "__main__":
    main()
