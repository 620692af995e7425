"""Releases played with made-up evidence: what several tests here share."""

import numpy as np

from loopwright.observations.arm_stats import BUCKET_BOUNDS_US, ArmTotals
from loopwright.release.evidence import ArmEvidence, Evidence, Paired
from loopwright.release.plan import plan_release
from loopwright.release.policy import decide, start
from loopwright.release.strategy import Canary

MINUTE = 60_000_000
CHAMPION, CANDIDATE = "a" * 64, "b" * 64


def plan(strategy=None, *, task="binary", candidate=CANDIDATE, **declared):
    strategy = strategy or Canary(**declared)
    return plan_release(strategy, endpoint="e", champion=CHAMPION, candidate=candidate, task=task, loss_scale=1.0)


def totals(requests, failures=0, latency_us=1_000):
    buckets = [0] * (len(BUCKET_BOUNDS_US) + 1)
    buckets[int(np.searchsorted(BUCKET_BOUNDS_US, latency_us))] = requests - failures
    return ArmTotals(requests=requests, errors=failures, latency_us_buckets=tuple(buckets))


def evidence(candidate=None, champion=None, *, outputs=(None, None), **more):
    """Evidence of one candidate beside the champion; `more` is about the candidate."""
    none = np.empty(0)
    ours = ArmEvidence(
        totals=candidate or ArmTotals(), outputs=none if outputs[0] is None else np.asarray(outputs[0]), **more
    )
    theirs = ArmEvidence(totals=champion or ArmTotals(), outputs=none if outputs[1] is None else np.asarray(outputs[1]))
    return Evidence(arms={"candidate": ours, "champion": theirs})


def both(requests=100, failures=0, **more):
    """The same number of requests for both, of which the candidate fails some."""
    return evidence(totals(requests, failures), totals(requests), **more)


def losses(values):
    """Labelled requests of which only the losses are known."""
    return Paired(losses=np.asarray(values, dtype=float))


def even_labels(n):
    """Labelled requests on which both versions say the same, half of them positive."""
    score = np.linspace(0.0, 1.0, n)
    return Paired(losses=np.zeros(n), positive=np.arange(n) % 2 == 0, candidate=score, champion=score)


def play(given, evidences, every=MINUTE, state=None):
    """Judgements until the release ends or the evidence does."""
    state, found = state or start(given, 0), []
    for i, part in enumerate(evidences, 1):
        found.append(decide(given, state, part, now=i * every))
        state = found[-1].state
        if state.status != "running":
            break
    return found
