"""`loopwright serve` of a home under test, as real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from tests.web.conftest import Home, eventually


class Served:
    """`loopwright serve` on a port of its own."""

    def __init__(self, home: Home, *, workers: int = 1, port: int = 0, **settings: Any) -> None:
        self.home = home
        self.run = home.path / "run"
        self.workers = workers
        self._command = [sys.executable, "-m", "loopwright.cli.main", "serve", "--project", str(home.path.parent)]
        self._command += ["--port", str(port), "--workers", str(workers), "--supervised"]
        self._environment = os.environ | {f"LOOPWRIGHT_{name.upper()}": str(value) for name, value in settings.items()}
        self.process: Any = None

    def __enter__(self) -> "Served":
        self.process = subprocess.Popen(self._command, stdin=subprocess.PIPE, env=self._environment)
        self.wait_ready()
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(timeout=30) == 0
        assert self.process.stdin is not None
        self.process.stdin.close()

    @property
    def port(self) -> int:
        return int(self.about("worker-1")["port"])

    def about(self, worker: str) -> dict[str, Any]:
        return dict(json.loads((self.run / f"{worker}.json").read_text()))

    def pids(self) -> dict[str, int]:
        about = json.loads((self.run / "supervisor.json").read_text())
        assert about["pid"] == self.process.pid, "of an earlier supervisor"
        return dict(about["children"])

    def names(self) -> list[str]:
        return [f"worker-{number}" for number in range(1, self.workers + 1)]

    def leases(self) -> dict[int, dict[str, Any]]:
        """The workers' leases by pid."""
        return {lease.data["pid"]: lease.data for lease in self.home.stores.ledger.search("lease", limit=1000)}

    def wait_ready(self, revision: int | None = None, arms: dict[str, str] | None = None) -> None:
        """Wait until every worker stands at `revision`, with these arms."""
        wanted = self.home.revision if revision is None else revision

        def check() -> None:
            assert self.process.poll() is None, "serve ended"
            leases = self.leases()
            for name in self.names():
                lease = leases[self.pids()[name]]
                assert lease["revisions"]["flights"] >= wanted
                assert arms is None or lease["arms"]["flights"] == arms

        eventually(check)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10.0)

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    def rss_mb(self, name: str) -> float:
        return int(Path(f"/proc/{self.pids()[name]}/statm").read_text().split()[1]) * 4096 / 1e6
