import subprocess
import sys
import time

import pytest

from loopwright.core.access import Rate
from loopwright.errors import RateLimitedError
from loopwright.testing.clocks import ManualClock
from loopwright.web.rate_limit import RateLimits, take

TEN = Rate.parse("10/s")


def allowed(rate, instants, full_at=0.0):
    """How many of the requests at these instants pass."""
    passed = 0
    for now in instants:
        taken = take(rate, full_at, now)
        full_at = taken.full_at
        passed += taken.wait_s is None
    return passed


def test_a_full_bucket_gives_all_at_once_and_then_waits():
    assert allowed(TEN, [100.0] * 15) == 10
    assert allowed(TEN, [100.0] * 15 + [100.05, 100.11, 100.12, 100.21]) == 12


def test_over_time_no_more_passes_than_the_rate_and_the_bucket():
    hammering = [100 + n / 1000 for n in range(10_000)]
    assert 109 <= allowed(TEN, hammering) <= 110
    assert allowed(TEN, [100 + n * 0.1 for n in range(500)]) == 500


def test_what_is_left_and_when_to_come_again_are_said():
    taken = [take(TEN, 0.0, 50.0)]
    for _ in range(10):
        taken.append(take(TEN, taken[-1].full_at, 50.0))
    assert [one.remaining for one in taken] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert taken[-1].wait_s == pytest.approx(0.1)
    assert take(TEN, taken[-1].full_at, 50.0 + taken[-1].wait_s).wait_s is None


@pytest.mark.parametrize("full_at", [1e9, float("nan"), float("inf")])
def test_a_bucket_from_before_the_machine_started_again_says_nothing(full_at):
    assert take(TEN, full_at, 5.0).wait_s is None


def test_each_key_has_a_bucket_that_outlives_the_process(tmp_path):
    clock = ManualClock()
    limits = RateLimits(tmp_path / "limits", clock.monotonic)
    once = Rate.parse("1/m")
    limits.take("a", once)
    limits.take("b", once)
    with pytest.raises(RateLimitedError) as caught:
        RateLimits(tmp_path / "limits", clock.monotonic).take("a", once)
    assert caught.value.context["retry_after_s"] == pytest.approx(60.0)
    assert caught.value.http_status == 429
    clock.sleep(61)
    limits.take("a", once)


def test_where_no_file_can_be_written_a_process_counts_for_itself(tmp_path):
    (tmp_path / "limits").write_text("in the way")
    limits = RateLimits(tmp_path / "limits", ManualClock().monotonic)
    limits.take("a", Rate.parse("1/m"))
    with pytest.raises(RateLimitedError):
        limits.take("a", Rate.parse("1/m"))


HAMMER = """
import sys, time
from pathlib import Path
from loopwright.core.access import Rate
from loopwright.errors import RateLimitedError
from loopwright.web.rate_limit import RateLimits
limits, passed = RateLimits(Path(sys.argv[1]), time.monotonic), 0
while time.monotonic() < float(sys.argv[2]):
    try:
        limits.take("k", Rate.parse("200/h"))
        passed += 1
    except RateLimitedError:
        time.sleep(0.001)
print(passed)
"""


def test_processes_share_a_key_s_rate(tmp_path):
    until = str(time.monotonic() + 1.5)
    command = [sys.executable, "-c", HAMMER, str(tmp_path), until]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    passed = [int(process.communicate()[0]) for process in processes]
    assert 200 <= sum(passed) <= 210
