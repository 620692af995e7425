"""Windowed aggregates as of each row's time: Loopwright's join against Polars' own rolling windows, in one run.

    python benchmarks/features.py [--rows 1000000] [--events 5000000] [--entities 1000]

No durability is involved: frames in memory to a frame in memory. Best of three.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from loopwright.features.join import join_features
from loopwright.features.view import FeatureView, SourceName, count, maximum, mean, total

WINDOWS = ("1h", "6h", "24h")


def frames(rows: int, events: int, entities: int, late: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(0)
    span = 365 * 86_400 * 1_000_000
    at = np.sort(rng.integers(0, span, events))
    known = at + (rng.integers(1, 600_000_000, events) if late else 0)
    source = pl.DataFrame(
        {"shop": rng.integers(0, entities, events), "at": at, "amount": rng.normal(50, 20, events), "_known_at": known}
    )
    base = pl.DataFrame({"shop": rng.integers(0, entities, rows), "asked_at": np.sort(rng.integers(0, span, rows))})
    return base, source


def view() -> FeatureView:
    features = {}
    for over in WINDOWS:
        features |= {
            f"mean_{over}": mean("amount", over=over),
            f"n_{over}": count(over=over),
            f"sum_{over}": total("amount", over=over),
            f"max_{over}": maximum("amount", over=over),
        }
    return FeatureView("sales", source=SourceName(name="sales", event_time="at"), entity="shop", features=features)


def loopwright(base: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    return join_features(base, [(view(), source)], event_time="asked_at")


def rolling(base: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    """Polars' rolling windows over events and questions together (questions carry null amounts)."""
    asked = base.select("shop", pl.col("asked_at").alias("at"), amount=pl.lit(None, pl.Float64), asked=pl.lit(True))
    both = pl.concat([source.select("shop", "at", "amount", asked=pl.lit(False)), asked]).sort("shop", "at")
    stamp = both.with_columns(pl.from_epoch("at", "us").alias("at"))
    parts = []
    for over in WINDOWS:
        rolled = stamp.rolling("at", period=over, closed="left", group_by="shop").agg(
            pl.col("amount").mean().alias(f"mean_{over}"),
            pl.col("amount").count().alias(f"n_{over}"),
            pl.col("amount").sum().alias(f"sum_{over}"),
            pl.col("amount").max().alias(f"max_{over}"),
        )
        parts.append(rolled.drop("shop", "at"))
    return pl.concat([stamp, *parts], how="horizontal").filter("asked")


def floor(base: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    """What no method can avoid: order both tables, and find one position for each row."""
    return base.sort("asked_at").join_asof(
        source.sort("at"), left_on="asked_at", right_on="at", by="shop", strategy="backward", check_sortedness=False
    )


def best_s(call: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--entities", type=int, default=1_000)
    given = parser.parse_args()
    base, source = frames(given.rows, given.events, given.entities, late=False)
    late = frames(given.rows, given.events, given.entities, late=True)[1]
    cases: list[tuple[str, Callable[[], object]]] = [
        ("floor: one Polars as-of join", lambda: floor(base, source)),
        ("Loopwright, 12 aggregates, nothing late", lambda: loopwright(base, source)),
        ("Loopwright, 12 aggregates, every event up to 10 min late", lambda: loopwright(base, late)),
        ("Polars rolling, 12 aggregates", lambda: rolling(base, source)),
    ]
    print(f"{given.rows:,} rows x {given.events:,} events, {given.entities:,} entities\n")
    lowest = None
    for name, call in cases:
        taken = best_s(call)
        lowest = lowest or taken
        print(f"{name:<60} {taken:8.2f} s {taken / lowest:8.1f} x the floor")


if __name__ == "__main__":
    main()
