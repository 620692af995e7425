"""The workers' files, as the workers write them."""

from loopwright.app.monitor.measures.worker_files import FRESH, counted, worker_files
from loopwright.core.clock import SystemClock
from loopwright.serving.observer import ArmLabel
from loopwright.web.scrape import Scrape


def test_what_a_worker_writes_for_prometheus_is_read(tmp_path):
    scrape = Scrape(tmp_path / "run" / "metrics", "worker-1", machine=SystemClock(), lost_rows=lambda: 0)
    label = ArmLabel(endpoint="small", release=None, arm="", version="abc")
    scrape.metrics.failed(label, 0, "LW502")
    scrape.write_last()
    (tmp_path / "run" / "metrics" / "broken.json").write_text("{")
    (name, figures), *_ = worker_files(tmp_path).items()
    assert name == "worker-1"
    assert figures.gauge("loopwright_worker_cpu_seconds") > 0
    assert figures.gauge("none") is None
    assert list(counted(tmp_path, "loopwright_failures")) == [(("small", "small", "abc", "", "LW502"), 1.0)]
    assert SystemClock().now() - figures.at < FRESH


def test_without_workers_there_is_nothing(tmp_path):
    assert worker_files(tmp_path) == {}
