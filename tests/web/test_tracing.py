"""Spans of a whole worker, as a collector gets them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import MissingExtraError, SettingError
from loopwright.web import tracing
from loopwright.web.tracing import is_traced, tracer_of

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
FEW = {"OTEL_BSP_SCHEDULE_DELAY": "100"}


class Collector:
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[Any] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = trace_service.ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
                for group in request.resource_spans:
                    collector.resources.append(attributes(group.resource))
                    collector.spans += [span for scope in group.scope_spans for span in scope.spans]
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.environment = FEW | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}"}

    def of(self, request_id: str) -> tuple[Any, list[Any]]:
        """The server span of a request, and its children."""
        (server,) = (s for s in self.spans if attributes(s).get("loopwright.request.id") == request_id)
        return server, [span for span in self.spans if span.parent_span_id == server.span_id]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def attributes(of: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


@pytest.mark.parametrize(
    ("environment", "traced"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_EXPORTER": "otlp"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_nothing_is_traced_unless_a_collector_is_named(environment: dict[str, str], traced: bool) -> None:
    assert is_traced(environment) is traced
    if not traced:
        assert tracer_of(environment, SystemClock()) is None


def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    with pytest.raises(SettingError, match="grpc"):
        tracer_of(environment, SystemClock())


def test_without_opentelemetry_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def load(self) -> None:
            raise ImportError("No module named 'opentelemetry'")

    monkeypatch.setattr(tracing, "entry_points", lambda **_: [Broken()])
    with pytest.raises(MissingExtraError) as caught:
        tracer_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, SystemClock())
    assert "loopwright[otel]" in caught.value.fix


def test_a_request_s_span_goes_on_the_caller_s_trace_and_is_linked_from_its_row(
    home: Any, worker: Any, wait_until: Any, collector: Collector
) -> None:
    version = home.bundle()
    home.arms(version)
    with worker(home, "--name", "traced", **collector.environment) as process:
        process.ready()
        record = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
        given = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        asked = process.client.post("/predict/flights", json={"records": [record, record]}, headers=given).json()
        alone = process.predict().json()["request_id"]
        refused = process.predict(distance=-1)
        assert refused.status_code == 422
        wait_until(lambda: collector.of(alone))
        server, children = wait_until(lambda: collector.of(asked["request_id"]))
        assert (server.trace_id.hex(), server.parent_span_id.hex(), server.name) == (TRACE, PARENT, "predict flights")
        assert server.kind == server.SPAN_KIND_SERVER
        said = attributes(server)
        assert (said["loopwright.arm"], said["loopwright.model.version"]) == ("champion", version)
        assert (said["loopwright.records"], said["http.response.status_code"]) == (2, 200)
        assert said["loopwright.batch.size"] >= 2
        features, model = sorted(children, key=lambda span: span.start_time_unix_nano)
        assert (features.name, model.name) == ("features flights", "model flights")
        assert {span.trace_id.hex() for span in children} == {TRACE}
        assert server.start_time_unix_nano <= features.start_time_unix_nano <= features.end_time_unix_nano
        assert features.end_time_unix_nano == model.start_time_unix_nano
        assert model.end_time_unix_nano == server.end_time_unix_nano
        assert abs(server.end_time_unix_nano / 1e9 - SystemClock().now() / 1e6) < 60
        root, _ = collector.of(alone)
        assert not root.parent_span_id
        bad = wait_until(lambda: next(s for s in collector.spans if attributes(s).get("error.type") == "LW206"))
        assert (attributes(bad)["http.response.status_code"], bad.status.code) == (422, 0)
        assert collector.resources[0]["service.name"] == "loopwright"
        rows = {row["request_id"]: row["trace_id"] for row in home.requests() if row.get("trace_id")}
        assert rows[asked["request_id"] + ".0"] == rows[asked["request_id"] + ".1"] == TRACE
        assert rows[alone] == root.trace_id.hex()
        assert bad.trace_id.hex() in rows.values()


def test_a_trace_that_the_caller_does_not_sample_is_linked_and_not_sent(
    home: Any, worker: Any, wait_until: Any, collector: Collector
) -> None:
    home.arms(home.bundle())
    with worker(home, "--name", "unsampled", **collector.environment) as process:
        process.ready()
        record = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
        given = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
        asked = process.client.post("/predict/flights", json=record, headers=given).json()["request_id"]
        marker = process.predict().json()["request_id"]
        wait_until(lambda: collector.of(marker))
        assert asked not in {attributes(span).get("loopwright.request.id") for span in collector.spans}
        (row,) = (row for row in home.requests() if row["request_id"] == asked)
        assert row["trace_id"] == TRACE


@pytest.mark.slow
def test_a_collector_that_is_gone_costs_no_request_and_holds_up_no_end(home: Any, worker: Any, wait_until: Any) -> None:
    home.arms(home.bundle())
    gone = Collector()
    gone.close()
    with worker(home, "--name", "alone", **gone.environment) as process:
        process.ready()
        assert {process.predict().status_code for _ in range(50)} == {200}
        process.child.terminate()
        assert process.child.wait(timeout=8) == 0


def test_untraced_rows_name_no_trace(home: Any, worker: Any) -> None:
    home.arms(home.bundle())
    with worker(home, "--name", "untraced") as process:
        process.ready()
        asked = process.predict().json()["request_id"]
        (row,) = (row for row in home.requests() if row["request_id"] == asked)
        assert row.get("trace_id") is None
