"""How often the performance rule speaks although nothing was lost, and how soon it speaks where something was.

    python benchmarks/performance_alarms.py [--years 400] [--allowed 0.5]

Years of simulated daily figures, looked at every day as the judge does: the evidence over the last 120 days, and the
one-sided 95 % interval of the last 14 beyond the allowed loss. Beside it the rule that looks at the last 14 days alone
(99 % interval beyond the allowed loss), as if each look were the only one. After an alarm the model is new. All sizes
are in standard deviations of the daily figure; on the flights of 2013 the allowed 0.03 of ROC AUC are half of one.
"""

import argparse
from collections.abc import Callable

import numpy as np
from scipy import special

from loopwright.stats.level import level_evidence

WINDOW, HISTORY, A = 14, 120, 1_000
ONE_SIDED = {n: (special.stdtrit(n - 1, 0.95), special.stdtrit(n - 1, 0.995)) for n in range(3, WINDOW + 1)}
Noise = Callable[[np.random.Generator, int], np.ndarray]
NOISES: dict[str, Noise] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "wild (t, 4 degrees)": lambda rng, n: rng.standard_t(4, size=n) / np.sqrt(2),
    "storms (exponential)": lambda rng, n: rng.exponential(size=n) - 1,
}


def days(noise: Noise, rng: np.random.Generator, n: int, memory: float) -> np.ndarray:
    """(n,) loss of each day, mean 0, deviation 1, lag-1 correlation `memory`."""
    fresh = noise(rng, n)
    made = np.empty(n)
    made[0] = fresh[0]
    for i in range(1, n):
        made[i] = memory * made[i - 1] + np.sqrt(1 - memory**2) * fresh[i]
    return made


def beyond(recent: np.ndarray, allowed: float) -> tuple[bool, bool]:
    """Whether the last days lie beyond the allowed loss, at 95 % one-sided and at 99 % two-sided."""
    lies, alone = ONE_SIDED[recent.size]
    error = recent.std(ddof=1) / np.sqrt(recent.size)
    ahead = recent.mean() - allowed
    return bool(ahead > lies * error), bool(ahead > alone * error)


def first_alarms(loss: np.ndarray, allowed: float) -> tuple[int | None, int | None]:
    """The first day on which the rule, and the rule of single looks, alarm."""
    ours = single = None
    for now in range(8, loss.size + 1):
        near, alone = beyond(loss[max(0, now - WINDOW) : now], allowed)
        if single is None and alone:
            single = now
        if ours is None and near and level_evidence(loss[max(0, now - HISTORY) : now]).now >= np.log(A):
            ours = now
        if ours is not None and single is not None:
            break
    return ours, single


def alarms(loss: np.ndarray, allowed: float, *, which: int) -> int:
    """Alarms in a stream, each followed by a new model."""
    found, start = 0, 0
    while start < loss.size - 8:
        at = first_alarms(loss[start:], allowed)[which]
        if at is None:
            break
        found, start = found + 1, start + at
    return found


def rate(count: int, total: int) -> str:
    return f"none in {total:,}" if count == 0 else f"{total / count:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=400)
    parser.add_argument("--allowed", type=float, default=0.5)
    args = parser.parse_args()
    streams = max(1, args.years // 4)
    print(f"{streams * 4} years for each row; days between alarms (single looks in brackets)\n")
    print("| daily figures | memory | no loss | half of the allowed loss | exactly the allowed loss |")
    print("|---|---|---|---|---|")
    for name, noise in NOISES.items():
        for memory in (0.0, 0.3, 0.5):
            rng = np.random.default_rng(1)
            made = [days(noise, rng, 4 * 365, memory) for _ in range(streams)]
            cells = []
            for part in (0.0, 0.5, 1.0):
                both = [
                    sum(alarms(one + part * args.allowed, args.allowed, which=which) for one in made)
                    for which in (0, 1)
                ]
                total = streams * 4 * 365
                cells.append(f"{rate(both[0], total)} ({rate(both[1], total)})")
            print(f"| {name} | {memory} | {' | '.join(cells)} |", flush=True)
    print("\n| loss, in what is allowed | median days to the alarm | single looks |")
    print("|---|---|---|")
    rng = np.random.default_rng(2)
    for loss in (1.5, 2.0, 3.0, 6.0):
        found: list[tuple[int, int]] = []
        for _ in range(100):
            stream = days(NOISES["normal"], rng, 300, 0.3)
            stream[60:] += loss * args.allowed
            ours, single = first_alarms(stream, args.allowed)
            found.append((300 if ours is None else ours, 300 if single is None else single))
        late = np.median(np.asarray(found, dtype=float), axis=0) - 60
        print(f"| {loss} | {late[0]:.0f} | {late[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
