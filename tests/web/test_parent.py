import subprocess
import sys

CODE = """
import time
from loopwright.core.clock import SystemClock
from loopwright.testing.clocks import ManualClock
from loopwright.web.parent import when_parent_ends
when_parent_ends(lambda: print("asked", flush=True), ManualClock())
print("up", flush=True)
time.sleep(60)
"""


def test_it_asks_first_and_then_ends_a_process_that_does_not_listen():
    process = subprocess.Popen([sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\n"
    assert process.poll() is None
    process.stdin.close()
    assert process.stdout.readline() == "asked\n"
    assert process.wait(timeout=20) == 1
    process.stdout.close()
