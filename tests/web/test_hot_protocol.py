"""What the short way leans on inside uvicorn.

Where one of these fails after an upgrade of uvicorn, read what changed in `uvicorn/protocols/http/httptools_impl.py`
against `web/hot_protocol.py` before anything is changed here.
"""

import inspect

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from loopwright.web.hot_protocol import missing_parts

LEANED_ON = {
    "data_received": ["self._unset_keepalive_if_required()", "self.parser.feed_data(data)"],
    "connection_lost": ["self.cycle.response_complete", "self.cycle.disconnected = True",
                        "self.cycle.message_event.set()"],
    "on_message_begin": ["self.url = b\"\"", "self.headers = []"],
    "on_url": ["self.url += url"],
    "on_header": ["name = name.lower()", "self.headers.append((name, value))"],
    "on_headers_complete": ["existing_cycle = self.cycle", "existing_cycle.response_complete",
                            "self._start_asgi_task(self.cycle, app)", "self.flow.pause_reading()",
                            "self.pipeline.appendleft((self.cycle, app))"],
    "on_response_complete": ["self.server_state.total_requests += 1", "self.flow.resume_reading()",
                             "cycle, app = self.pipeline.pop()", "self._start_asgi_task(cycle, app)",
                             "self.timeout_keep_alive_task = self.loop.call_later("],
    "shutdown": ["self.cycle is None or self.cycle.response_complete", "self.transport.close()",
                 "self.cycle.keep_alive = False"],
    "pause_writing": ["self.flow.pause_writing()"],
    "resume_writing": ["self.flow.resume_writing()"],
}  # fmt: skip


def test_the_uvicorn_that_is_installed_has_all_that_the_short_way_needs():
    assert missing_parts() == []


@pytest.mark.parametrize("method", sorted(LEANED_ON))
def test_uvicorns_connections_still_work_as_the_short_way_takes_them_to(method):
    source = inspect.getsource(getattr(HttpToolsProtocol, method))
    gone = [line for line in LEANED_ON[method] if line not in source]
    assert not gone, f"uvicorn {uvicorn.__version__} has changed {method}: {gone} is not in it any more"


def test_what_another_uvicorn_lacks_is_named():
    class Renamed(HttpToolsProtocol):
        def on_body(self, chunk, last):
            """Another form."""

    class Bare:
        def __init__(self):
            self.parser = None

    assert missing_parts(Renamed)[0] == "on_body"
    assert {"data_received", "shutdown", "pipeline", "cycle"} <= set(missing_parts(Bare))


def test_a_worker_on_another_uvicorn_answers_the_usual_way(monkeypatch, caplog, home):
    from loopwright.core.clock import SystemClock
    from loopwright.core.settings import resolve
    from loopwright.web import worker
    from loopwright.web.workspace_clock import WorkspaceClock

    monkeypatch.setattr(worker, "missing_parts", lambda: ["on_body"])
    settings = resolve({}, {}, home.path / "none", user_file=home.path / "none")
    options = worker.WorkerOptions(home=home.path, endpoints=("flights",), settings=settings)
    clock = WorkspaceClock(SystemClock(), replay=False)
    made = worker.Worker(options, stores=home.stores, clock=clock, machine=SystemClock())
    assert made._hot_path(None, None, None) is None
    assert "lack on_body" in caplog.text
