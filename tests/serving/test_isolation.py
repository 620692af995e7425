"""What the process of a version on probation gives up."""

import signal
import socket
import subprocess
import sys

import pytest


def run(code: str) -> "subprocess.CompletedProcess[str]":
    head = "from loopwright.serving.isolation import *\n"
    return subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the Linux kernel")
def test_memory_beyond_the_limit_is_refused():
    done = run("limit_memory(300)\ntry:\n    kept = bytearray(10 << 30)\nexcept MemoryError:\n    print('refused')")
    assert done.stdout == "refused\n"
    assert run("limit_memory(0)\nkept = bytearray(1 << 30)\nprint('had')").stdout == "had\n"


@pytest.mark.parametrize("hang", ["while True: pass", "import re; re.match('(a+)+$', 'a' * 64 + 'b')"])
def test_a_block_that_takes_too_long_ends_the_process_also_in_native_code(hang):
    assert run(f"with ended_after(0.2):\n    {hang}").returncode == -signal.SIGALRM


def test_a_block_that_is_in_time_ends_nothing():
    code = "import time\nwith ended_after(0.2):\n    pass\ntime.sleep(0.4)\nprint('here')"
    assert run(code).stdout == "here\n"


NOBODY = """
import ctypes, os
os.setgid(65534)
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1)  # as a process that began as this user
"""
ASK = """
if not without_network():
    print("not allowed")
    raise SystemExit
try:
    socket.create_connection(("127.0.0.1", PORT), timeout=2)
except OSError:
    print("none")
"""


@pytest.mark.parametrize("before", ["", NOBODY])
def test_there_is_no_network_where_the_kernel_allows_to_give_it_up(before):
    with socket.create_server(("127.0.0.1", 0)) as there:
        done = run("import encodings.idna, socket\n" + before + ASK.replace("PORT", str(there.getsockname()[1])))
    if done.stdout == "not allowed\n" or "Operation not permitted" in done.stderr:
        pytest.skip("this user may not do that here")
    assert done.stdout == "none\n", done.stderr
