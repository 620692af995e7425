"""What the defaults promise, on fewer releases than the benchmark plays: all three at once, with one configuration."""

from functools import partial

import pytest
from benchmarks.release_decisions import World, canary_release

RELEASES = 60


def ends(world):
    found = [canary_release(seed, world) for seed in range(RELEASES)]
    return {name: sum(e.decision == name for e in found) for name in ("promote", "rollback", "undecided")}, found


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "within"), [(0.0, 34_000), (0.01, 60_000), (0.05, 40_000)])
def test_an_identical_challenger_is_promoted_and_not_rolled_back(rate, within):
    counts, found = ends(World(name="identical", error_rate=rate, requests=2_000))
    assert counts["rollback"] == 0
    in_time = [e for e in found if e.decision == "promote" and e.requests <= within]
    assert len(in_time) >= 0.9 * RELEASES


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        partial(World, error_rate=0.01, error_times=2.0),
        partial(World, error_rate=0.05, error_times=2.0),
        partial(World, auc_lower=0.03),
        partial(World, auc_lower=0.03, positives=0.1),
    ],
)
def test_a_worse_challenger_is_hardly_ever_promoted(make):
    counts, _ = ends(make(name="worse", requests=4_000, looks=60))
    assert counts["promote"] <= 1
