"""The local upstream in a process of its own: what it costs is not its caller's time."""

import subprocess
import sys
from collections import Counter
from typing import Any, Self
from urllib.request import Request, urlopen

import msgspec

from loopwright.core.environment import child_environment
from loopwright.testing.upstream_faults import faults_of
from loopwright.testing.upstream_server import Seen

_MODULE = "loopwright.testing.upstream_server"


class ChildUpstream:
    """A local upstream in a process of its own, so that it costs its caller no time.

    Args:
        fault: How it fails.
        key: The key that callers must send.
    """

    def __init__(self, *, fault: str = "", key: str = "") -> None:
        self._command = [sys.executable, "-m", _MODULE, "--fault", fault, "--key", key]
        self._process: subprocess.Popen[bytes] | None = None
        self.origin = ""

    @property
    def url(self) -> str:
        """The base URL with its version."""
        return f"{self.origin}/v1"

    @property
    def counts(self) -> Counter[str]:
        """What came in; see `Behaviour`."""
        return Counter(self._ask("/counts"))

    @property
    def seen(self) -> list[Seen]:
        """The last requests."""
        return msgspec.convert(self._ask("/seen"), list[Seen])

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid if self._process is not None else 0

    def fail(self, fault: str, *, model: str = "") -> None:
        """Fail so from now on; see `Behaviour.fail`."""
        faults_of(fault)
        self._ask(f"/fault/{model}" if model else "/fault", fault.encode())

    def start(self) -> Self:
        """Start the process and wait until it listens."""
        environment = child_environment()
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, env=environment)  # noqa: S603
        assert self._process.stdout is not None
        self.origin = self._process.stdout.readline().decode().strip()
        return self

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        with urlopen(Request(self.origin + path, data=data), timeout=10) as answer:  # noqa: S310 - our own, on loopback
            return msgspec.json.decode(answer.read())
