"""Two million requests to one worker, and its resident memory at ten points.

`python benchmarks/soak.py [--requests 2000000] [--connections 32] [--canary 0.1]`

Everything is on: validation, routing, request log, metrics, arms; with `--canary` a second version answers a share from
its probation child, whose memory is printed too. Durability: every answered request was appended to the request log
before its answer (survives a kill of the process; no fdatasync). Needs `wrk`.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))

from serving import Kind, start  # beside this file

POINTS = 10


def asked(url: str, script: Path, connections: int, seconds: float) -> tuple[int, int]:
    """Requests that were answered, and those that failed, in one round."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answered = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
    failed = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    failed += sum(int(n) for line in re.findall(r"Socket errors: (.*)", said) for n in re.findall(r"\d+", line))
    return answered, failed


def sizes(processes: Sequence[psutil.Process]) -> str:
    return " ".join(f"{process.memory_info().rss / 1e6:.1f}" for process in processes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2_000_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--canary", type=float, default=0.0)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not here: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = start(Kind(name="soak", canary=given.canary), Path(folder), stack)
        script = Path(folder) / "ask.lua"
        body = running.body.decode().replace('"', '\\"')
        script.write_text(
            f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = "{body}"\n'
        )
        watched = psutil.Process().children()  # the worker, and the child of a canary
        done, failures, began = 0, 0, time.perf_counter()
        rate = asked(running.url, script, given.connections, 2.0)[0] / 2.0
        print(f"{'requests':>10}  {'seconds':>8}  resident MB" + (" (child, worker)" if len(watched) > 1 else ""))
        print(f"{done:>10,}  {0.0:>8.0f}  {sizes(watched)}", flush=True)
        while done < given.requests:
            answered, failed = asked(
                running.url, script, given.connections, max(1.0, round(given.requests / POINTS / rate))
            )
            done, failures = done + answered, failures + failed
            print(f"{done:>10,}  {time.perf_counter() - began:>8.0f}  {sizes(watched)}", flush=True)
        print(f"failed requests: {failures}")


if __name__ == "__main__":
    main()
