import asyncio
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from loopwright.serving.observer import ArmLabel
from loopwright.testing.clocks import ManualClock
from loopwright.web.metric_families import FAMILIES
from loopwright.web.metrics import Count, Snapshot
from loopwright.web.scrape import Scrape, rendered

CHAMPION = ArmLabel(endpoint="flights", release=None, arm="champion", version="a" * 64)


class Fleet:
    """Workers of one home."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = ManualClock()

    def worker(self, name, lost=0):
        return Scrape(self.folder / "metrics", name, machine=self.clock, lost_rows=lambda: lost)


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


def read(scrape):
    """The page as sample name → labels' values → value."""
    found = {}
    for family in text_string_to_metric_families(asyncio.run(scrape.page(3)).decode()):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_every_worker_gives_the_sum_of_all(fleet):
    one, two = fleet.worker("worker-1"), fleet.worker("worker-2", lost=5)
    one.metrics.answered(CHAMPION, 0, [0.001] * 3)
    two.metrics.answered(CHAMPION, 0, [0.001] * 4)
    two.write_last()
    first = read(one)
    assert sum(first["loopwright_requests_total"].values()) == 7
    assert first["loopwright_request_seconds_count"] == {("champion", "flights", "flights", "a" * 12): 7}
    assert first["loopwright_request_log_dropped_rows_total"] == {(): 5}
    assert set(first["loopwright_worker_resident_memory_bytes"]) == {("worker-1",), ("worker-2",)}
    assert first["loopwright_requests_in_flight"] == {("worker-1",): 3, ("worker-2",): 0}
    second = read(two)
    assert second["loopwright_requests_total"] == first["loopwright_requests_total"]


def test_counters_never_go_back_where_a_worker_is_killed_and_started_again(fleet):
    one, two = fleet.worker("worker-1"), fleet.worker("worker-2", lost=2)
    two.metrics.answered(CHAMPION, 0, [0.001])
    shown = read(two)["loopwright_requests_total"]
    two.metrics.answered(CHAMPION, 0, [0.001] * 9)  # killed before these were written or shown
    assert read(one)["loopwright_requests_total"] == shown
    again = fleet.worker("worker-2", lost=1)
    assert read(again)["loopwright_requests_total"] == shown
    again.metrics.answered(CHAMPION, 0, [0.001])
    found = read(again)
    assert sum(found["loopwright_requests_total"].values()) == sum(shown.values()) + 1
    assert found["loopwright_request_log_dropped_rows_total"] == {(): 3}


def test_a_worker_that_is_gone_shows_no_gauges_and_its_counts_stay(fleet):
    one, two = fleet.worker("worker-1"), fleet.worker("worker-2")
    two.metrics.answered(CHAMPION, 0, [0.001])
    two.write_last()
    fleet.clock.sleep(6)
    found = read(one)
    assert set(found["loopwright_requests_in_flight"]) == {("worker-1",)}
    assert sum(found["loopwright_requests_total"].values()) == 1


def test_a_file_that_cannot_be_read_is_passed_over(fleet):
    one = fleet.worker("worker-1")
    (fleet.folder / "metrics").mkdir()
    (fleet.folder / "metrics" / "worker-9.json").write_text('{"at": 1, "format": "of later"}')
    assert read(one)["loopwright_requests_in_flight"] == {("worker-1",): 3}
    fleet.worker("worker-9").metrics.answered(CHAMPION, 0, [0.001])


def test_where_no_file_can_be_written_the_figures_are_shown_all_the_same(fleet):
    (fleet.folder / "metrics").write_text("in the way")
    one = fleet.worker("worker-1")
    one.metrics.answered(CHAMPION, 0, [0.001])
    assert sum(read(one)["loopwright_requests_total"].values()) == 1


def test_what_this_version_does_not_know_is_left_out():
    page = rendered(Snapshot(counts=(Count("loopwright_future", ("a",), 1.0),)), [])
    assert page.strip() == b""


def test_buckets_are_cumulative_and_end_with_all(fleet):
    one = fleet.worker("worker-1")
    one.metrics.answered(CHAMPION, 0, [0.0001, 0.003, 99.0])
    found = {labels[2]: n for labels, n in read(one)["loopwright_request_seconds_bucket"].items()}
    values = list(found.values())
    assert values == sorted(values)
    assert (found["0.0001"], found["0.005"], found["10"], found["+Inf"]) == (1, 2, 2, 3)


def test_every_family_has_a_name_and_a_help_that_prometheus_takes(fleet):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    one = fleet.worker("worker-1")
    one.metrics.answered(CHAMPION, 0, [0.001])
    one.metrics.failed(CHAMPION, 0, "LW206")
    one.metrics.shadow_dropped(CHAMPION, 1)
    one.metrics.batched("flights", 1)
    one.metrics.queued("flights", [0.1])
    one.metrics.features_read("flights", 0.1)
    one.metrics.bytes_seen("flights", 1, 2)
    for family in FAMILIES:
        if family.name.startswith("loopwright_llm_"):
            count = one.metrics.measure if family.kind == "histogram" else one.metrics.count
            count(family, tuple("x" for _ in family.labels), 1.0)
    page = asyncio.run(one.page(0))
    shown = {line.split()[2].removesuffix("_total") for line in page.decode().splitlines() if line.startswith("# TYPE")}
    assert shown >= {family.name for family in FAMILIES if "gpu" not in family.labels}
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def scraped(process):
    page = process.client.get("/metrics", headers={"authorization": f"Bearer {process.home.token}"}).text
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


def test_two_workers_of_a_home_count_together_and_a_kill_takes_nothing_back(home, worker, wait_until):
    home.arms(home.bundle())
    with worker(home, "--name", "worker-1") as one:
        with worker(home, "--name", "worker-2") as two:
            one.ready()
            two.ready()
            before = scraped(one).get("loopwright_requests_total", 0.0)
            for _ in range(5):
                one.predict()
                two.predict()
            assert two.predict(distance=-1).status_code == 422

            def added_up():
                for process in (one, two):
                    found = scraped(process)
                    assert found["loopwright_requests_total"] == before + 10
                    assert found["loopwright_request_seconds_count"] == before + 10
                    assert found["loopwright_failures_total"] >= 1
                return found

            shown = wait_until(added_up, 3.0)
            assert shown["loopwright_received_bytes_total"] > 10 * 50
            assert shown["loopwright_sent_bytes_total"] > 10 * 100
            assert shown["loopwright_queue_seconds_count"] >= 10
            assert shown["loopwright_batch_records_sum"] >= 10
            two.kill()
        assert scraped(one)["loopwright_requests_total"] == before + 10
        with worker(home, "--name", "worker-2") as again:
            again.ready()
            again.predict()
            wait_until(lambda: _is(scraped(again)["loopwright_requests_total"], before + 11), 3.0)


def _is(found, wanted):
    assert found == wanted
