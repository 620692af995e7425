"""When a child is held to stand still, or to be too large."""

import os
import subprocess
import sys

from loopwright.web.watchdog import Guard, Watchdog, resident_bytes


def beat(path, at):
    path.touch()
    os.utime(path, ns=(at, at))


def looks(watchdog, seconds, each=0.1):
    return [watchdog.look(each) for _ in range(round(seconds / each))]


def test_a_child_that_beats_is_well_and_one_that_stops_is_stuck(tmp_path):
    path = tmp_path / "beat"
    watchdog = Watchdog(Guard(beat=path, stuck_s=2.0, start_s=30.0), os.getpid())
    for number in range(1, 20):
        beat(path, number)
        assert looks(watchdog, 1.5) == [None] * 15
    assert looks(watchdog, 3.0)[-1] == "stuck"


def test_until_the_first_beat_it_has_the_time_of_a_start(tmp_path):
    path = tmp_path / "beat"
    beat(path, 5)  # of an earlier process
    watchdog = Watchdog(Guard(beat=path, stuck_s=2.0, start_s=5.0), os.getpid())
    assert set(looks(watchdog, 4.8)) == {None}
    assert looks(watchdog, 0.5)[-1] == "stuck"


def test_time_in_which_the_supervisor_stood_still_counts_for_little(tmp_path):
    path = tmp_path / "beat"
    watchdog = Watchdog(Guard(beat=path, stuck_s=2.0, start_s=2.0), os.getpid())
    assert watchdog.look(3600.0) is None


def test_a_child_over_its_memory_is_told_apart():
    code = "import sys; kept = bytearray(80 << 20); print(flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        assert resident_bytes(child.pid) > 80 << 20
        assert Watchdog(Guard(memory_bytes=60 << 20), child.pid).look(0.1) == "memory"
        assert Watchdog(Guard(memory_bytes=800 << 20), child.pid).look(0.1) is None
    finally:
        child.communicate()
    assert resident_bytes(child.pid) == 0
    assert Watchdog(Guard(memory_bytes=1), child.pid).look(0.1) is None
