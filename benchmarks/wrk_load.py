"""Load with wrk on loopback: requests a second, latencies, and what the server's processes spent meanwhile."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run: requests a second, latencies in ms, CPU microseconds a request over all of the server's processes."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int


def measured(
    process: psutil.Process, url: str, body: bytes, *, connections: int, seconds: float, script: str | None = None
) -> Figures:
    """One run of wrk against a server.

    Args:
        process: The server's first process; its descendants count too.
        url: Where to POST.
        body: JSON.
        connections: Kept alive all the time.
        seconds: How long.
        script: wrk's own, in place of the body.
    """
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "post.lua"
        lua.write_text(
            script
            or f'wrk.method = "POST"\nwrk.body = [==[{body.decode()}]==]\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
        )
        before = cpu_s(process)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", str(lua), url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        spent = cpu_s(process) - before
    requests = int(_found(r"(\d+) requests in", said))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return Figures(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=_latency(said, 50),
        p99_ms=_latency(said, 99),
        cpu_us=1e6 * spent / max(requests, 1),
        failed=(int(bad[1]) if bad else 0) + (sum(map(int, errors.groups())) if errors else 0),
    )


def cpu_s(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its living descendants have used."""
    return sum(times.user + times.system for times in (one.cpu_times() for one in family(process)))


def rss_mb(process: psutil.Process) -> float:
    """Resident memory of a process and its descendants; pages that they share count once for each."""
    return sum(one.memory_info().rss for one in family(process)) / 1e6


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and its living descendants."""
    return [process, *process.children(recursive=True)]


def until_answered(
    url: str, body: bytes, *, within_s: float = 120.0, headers: Mapping[str, str] | None = None
) -> float:
    """Seconds until the first answer of status 200."""
    import httpx

    started = time.perf_counter()
    sent = {"Content-Type": "application/json", **(headers or {})}
    while time.perf_counter() - started < within_s:
        try:
            if httpx.post(url, content=body, headers=sent, timeout=5.0).status_code == 200:
                return time.perf_counter() - started
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"{url} did not come up within {within_s:g} s")


def ended(process: psutil.Process) -> None:
    """End a server and all that it started."""
    processes = family(process)
    for one in processes:
        one.terminate()
    _, alive = psutil.wait_procs(processes, timeout=10)
    for one in alive:
        one.kill()


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk said nothing of {pattern!r}:\n{text}")
    return match[1]


def _latency(said: str, percent: int) -> float:
    value = _found(rf"\s{percent}%\s+([\d.]+(?:us|ms|s|m))", said)
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", value).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS_MS[unit]
