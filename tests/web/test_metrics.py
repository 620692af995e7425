from loopwright.serving.observer import ArmLabel
from loopwright.web.metrics import Metrics


def test_arms_can_be_compared():
    metrics = Metrics()
    for arm, version, latency in (("champion", "a" * 64, 0.001), ("candidate", "b" * 64, 0.1)):
        label = ArmLabel(endpoint="flights", release="rel_1", arm=arm, version=version)
        metrics.answered(label, 0, [latency])
        metrics.failed(label, 0, "timeout")
    metrics.batched("flights", 3)
    metrics.features_read("flights", 0.002)
    page = metrics.page().decode().splitlines()
    for line in (
        'loopwright_requests_total{arm="champion",endpoint="flights",version="aaaaaaaaaaaa"} 1.0',
        'loopwright_failures_total{arm="candidate",cause="timeout",endpoint="flights",version="bbbbbbbbbbbb"} 1.0',
        'loopwright_request_seconds_bucket{arm="candidate",endpoint="flights",le="0.05",version="bbbbbbbbbbbb"} 0.0',
        'loopwright_request_seconds_bucket{arm="candidate",endpoint="flights",le="0.1",version="bbbbbbbbbbbb"} 1.0',
        'loopwright_batch_records_bucket{endpoint="flights",le="4.0"} 1.0',
        'loopwright_feature_read_seconds_count{endpoint="flights"} 1.0',
    ):
        assert line in page
