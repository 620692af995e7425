import pytest

pytest.importorskip("opentelemetry.sdk")
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwright.errors import ArmFailedError, RequestRefusedError
from loopwright.integrations.otel import OtelTracer
from loopwright.observations.request_log import RequestRow
from loopwright.serving.observer import ArmLabel
from loopwright.testing.clocks import ManualClock

LABEL = ArmLabel(endpoint="flights", release="rel_1", arm="candidate", version="v" * 64)


class Asked:
    """What a tracer looks at in a request."""

    def __init__(self, id, started, headers=None, rows=(None,)):
        self.id = id
        self.started = started
        self.headers = headers or {}
        self.rows = rows


class Prepared:
    rows = (None, None, None)


class Said:
    """What a tracer looks at in an outcome."""

    def __init__(self, fallback_from=None):
        self.label = LABEL
        self.prepared = Prepared()
        self.fallback_from = fallback_from


def row(request_id):
    return RequestRow(
        request_id=request_id, at=1, event_time=1, endpoint="flights", arm="candidate", version="v", inputs={}
    )


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracer(clock, exporter):
    return OtelTracer(clock, exporter)


def exported(tracer, exporter):
    tracer.close()
    return exporter.get_finished_spans()


def test_each_request_of_a_batch_has_a_span_with_the_read_and_the_model_below_it(tracer, exporter, clock):
    said, began = Said(fallback_from="champion"), clock.monotonic()
    asked = [Asked("a", began - 0.010), Asked("b", began - 0.002, rows=(None, None))]
    tracer.prepared(said.prepared, began, began + 0.001)
    rows = tracer.answered(said, asked, [row("a"), row("b.0"), row("b.1")], now=began + 0.005)
    spans = exported(tracer, exporter)
    servers = {span.attributes["loopwright.request.id"]: span for span in spans if span.name == "predict flights"}
    assert {span.name for span in spans} == {"predict flights", "features flights", "model flights"}
    assert len(spans) == 6
    lasted = {id: (span.end_time - span.start_time) / 1e6 for id, span in servers.items()}
    assert lasted == pytest.approx({"a": 15.0, "b": 7.0}, abs=0.01)
    assert servers["b"].attributes["loopwright.records"] == 2
    assert servers["b"].attributes["loopwright.batch.size"] == 3
    assert servers["b"].attributes["loopwright.fallback_from"] == "champion"
    assert servers["b"].attributes["loopwright.release"] == "rel_1"
    ids = [f"{servers[name].context.trace_id:032x}" for name in ("a", "b", "b")]
    assert [made.trace_id for made in rows] == ids


def test_a_refusal_is_no_error_of_the_server_s_and_a_failure_is(tracer, exporter, clock):
    for id, error in (("a", RequestRefusedError("bad")), ("b", ArmFailedError("broken"))):
        made = tracer.refused(LABEL, Asked(id, clock.monotonic()), row(id), error=error)
        assert len(made.trace_id) == 32
    refused, failed = exported(tracer, exporter)
    assert (refused.status.is_ok, refused.attributes["http.response.status_code"]) == (True, 422)
    assert (failed.status.is_ok, failed.attributes["error.type"]) == (False, "LW508")


def test_the_caller_s_trace_goes_on_and_what_is_no_trace_begins_one(tracer, exporter, clock):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    asked = [Asked("a", 0.0, {"traceparent": parent}), Asked("b", 0.0, {"traceparent": "00-zz-zz-01"})]
    rows = tracer.answered(Said(), asked, [row("a"), row("b")], now=1.0)
    assert rows[0].trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert rows[1].trace_id not in (None, rows[0].trace_id)


def test_a_bug_in_tracing_costs_no_request(tracer, caplog):
    broken = object()
    rows = [row("a")]
    assert tracer.answered(broken, [Asked("a", 0.0)], rows, now=1.0) is rows
    assert tracer.refused(LABEL, broken, rows[0], error=ArmFailedError("x")) is rows[0]
    assert "not traced" in caplog.text


def test_batches_that_are_never_answered_are_forgotten(tracer):
    kept = [Prepared() for _ in range(1500)]
    for prepared in kept:
        tracer.prepared(prepared, 0.0, 1.0)
    assert len(tracer._batches) == 1000
