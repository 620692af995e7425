"""A Redis for tests, where its binary is installed."""

import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress

import redis

BINARY = shutil.which("redis-server")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class RedisServer:
    """A Redis in memory alone, on a free port."""

    def __init__(self, folder, *options):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = [
            BINARY,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            *options,
        ]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.01)
        raise AssertionError("redis-server did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        """Say nothing from now on."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        """Answer again."""
        self.process.send_signal(signal.SIGCONT)

    def size(self):
        """How many keys there are."""
        return redis.Redis.from_url(self.url).dbsize()
