import msgspec

from loopwright.core.codec import from_json, to_json
from loopwright.serving.observer import ArmLabel
from loopwright.web.metric_families import BATCHES, FAILURES, FEATURES, LATENCY, QUEUED, REQUESTS, SENT, SHADOW_DROPPED
from loopwright.web.metrics import Count, Distribution, Metrics, Snapshot, added_up


def label(arm="champion", version="a" * 64, endpoint="flights"):
    return ArmLabel(endpoint=endpoint, release="rel_1", arm=arm, version=version)


def value(snapshot, family, *labels):
    return next((one.value for one in snapshot.counts if (one.family, one.labels) == (family.name, labels)), None)


def buckets(snapshot, family, *labels):
    found = next(one for one in snapshot.distributions if (one.family, one.labels) == (family.name, labels))
    return [n for n in found.buckets if n], found.sum


def test_arms_are_counted_apart_and_releases_of_one_version_together():
    metrics = Metrics()
    metrics.answered(label(), 0, [0.001, 0.002])
    metrics.answered(msgspec.structs.replace(label(), release=None), 0, [0.001])
    metrics.answered(label(arm="candidate", version="b" * 64), 0, [0.3])
    metrics.failed(label(arm="candidate", version="b" * 64), 0, "crash")
    metrics.shadow_dropped(label(arm="shadow"), 4)
    found = metrics.snapshot()
    champion = ("flights", "flights", "a" * 12, "champion")
    candidate = ("flights", "flights", "b" * 12, "candidate")
    assert (value(found, REQUESTS, *champion), value(found, REQUESTS, *candidate)) == (3, 1)
    assert (value(found, FAILURES, *candidate, "crash"), value(found, FAILURES, *champion, "crash")) == (1, None)
    assert buckets(found, LATENCY, *champion) == ([2, 1], 0.004)
    assert value(found, SHADOW_DROPPED, "flights", "flights", "a" * 12, "shadow") == 4


def test_a_value_at_a_bound_is_within_it_and_one_above_the_last_is_kept():
    metrics = Metrics()
    metrics.answered(label(), 0, [0.001, 0.0010001, 99.0])
    (found,) = metrics.snapshot().distributions
    at = LATENCY.bounds.index(0.001)
    assert (found.buckets[at], found.buckets[at + 1], found.buckets[-1]) == (1, 1, 1)
    assert len(found.buckets) == len(LATENCY.bounds) + 1


def test_batches_waits_features_and_bytes_are_counted_by_endpoint():
    metrics = Metrics()
    metrics.batched("flights", 3)
    metrics.queued("flights", [0.0, 0.2])
    metrics.features_read("flights", 0.002)
    metrics.bytes_seen("flights", 100, 40)
    metrics.bytes_seen("flights", 1, 2)
    found = metrics.snapshot()
    assert buckets(found, BATCHES, "flights") == ([1], 3.0)
    assert buckets(found, QUEUED, "flights") == ([1, 1], 0.2)
    assert buckets(found, FEATURES, "flights") == ([1], 0.002)
    assert value(found, SENT, "flights") == 42


def test_counting_goes_on_from_what_was_counted_before():
    first = Metrics()
    first.answered(label(), 0, [0.001])
    second = Metrics(from_json(to_json(first.snapshot()), Snapshot))
    second.answered(label(), 0, [0.002])
    second.answered(label(arm="candidate"), 0, [0.002])
    found = second.snapshot()
    assert value(found, REQUESTS, "flights", "flights", "a" * 12, "champion") == 2
    assert value(found, REQUESTS, "flights", "flights", "a" * 12, "candidate") == 1


def test_workers_add_up_and_a_histogram_of_other_buckets_is_left_out():
    one = Snapshot(counts=(Count("n", ("a",), 1.0),), distributions=(Distribution("d", (), (1, 0), 0.5),))
    two = Snapshot(counts=(Count("n", ("a",), 2.0), Count("n", ("b",), 5.0)), distributions=one.distributions)
    old = Snapshot(distributions=(Distribution("d", (), (1, 2, 3), 9.0),))
    assert added_up([one, two, old]) == Snapshot(
        counts=(Count("n", ("a",), 3.0), Count("n", ("b",), 5.0)),
        distributions=(Distribution("d", (), (2, 0), 1.0),),
    )
