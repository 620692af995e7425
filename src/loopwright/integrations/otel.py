"""OpenTelemetry: a server span for each request, with the read of its features and the model's work below it.

What is exported, where to and how much of it, says the environment by OpenTelemetry's own variables (OTEL_*).
"""

import logging
from collections.abc import Mapping, Sequence
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from loopwright.core.clock import Clock
from loopwright.errors import LoopwrightError
from loopwright.observations.log_policy import annotated
from loopwright.observations.request_log import RequestRow
from loopwright.serving.intake import Prepared
from loopwright.serving.observer import ArmLabel
from loopwright.serving.outcome import Outcome
from loopwright.serving.pending import Pending
from loopwright.version import VERSION

_MOST_BATCHES = 1000
_CLOSE_S = 3.0
_PARENT = TraceContextTextMapPropagator()
_LOG = logging.getLogger("loopwright.tracing")
_Attributes = Mapping[str, str | int]


class OtelTracer:
    """A tracer over OpenTelemetry's SDK. Spans are sent by a thread of the SDK's, a batch at a time.

    Args:
        machine: Dates spans.
        exporter: Where they go; over OTLP and HTTP to where the environment says, where None.
    """

    def __init__(self, machine: Clock, exporter: SpanExporter | None = None) -> None:
        resource = Resource.create({SERVICE_VERSION: VERSION})
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "loopwright"}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("loopwright", VERSION)
        self._machine = machine
        self._batches: dict[int, tuple[float, float]] = {}

    def prepared(self, prepared: Prepared, began: float, ended: float) -> None:
        """A batch was given its features; remembered until it is answered, or for a thousand further batches."""
        if len(self._batches) >= _MOST_BATCHES:
            del self._batches[next(iter(self._batches))]
        self._batches[id(prepared)] = (began, ended)

    def answered(
        self, outcome: Outcome, asked: Sequence[Pending], rows: Sequence[RequestRow], *, now: float
    ) -> Sequence[RequestRow]:
        """Make the spans of a batch; returns its rows with the traces' ids."""
        try:
            traces = self._answered(outcome, asked, now)
        except Exception:  # noqa: BLE001 - boundary: OpenTelemetry; a request is worth more than its span
            _LOG.exception("a batch was not traced")
            return rows
        return [annotated(row, trace_id=traces.get(row.request_id.partition(".")[0])) for row in rows]

    def refused(self, label: ArmLabel, pending: Pending, row: RequestRow, *, error: LoopwrightError) -> RequestRow:
        """Make the span of a request that gets no prediction; returns its row with the trace's id."""
        try:
            trace = self._refused(label, pending, error)
        except Exception:  # noqa: BLE001 - boundary: OpenTelemetry; a request is worth more than its span
            _LOG.exception("a request was not traced")
            return row
        return annotated(row, trace_id=trace)

    def close(self) -> None:
        """Send what has not been sent yet; a collector that does not answer is waited for a few seconds."""
        closing = Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_S)
        if closing.is_alive():
            _LOG.warning("the last spans were not sent: the collector does not answer")

    def _answered(self, outcome: Outcome, asked: Sequence[Pending], now: float) -> dict[str, str]:
        """Make the spans of a batch; returns the traces' ids by the requests'."""
        read = self._batches.pop(id(outcome.prepared), None)
        epoch = self._epoch_s()
        label = outcome.label
        batch = {"loopwright.batch.size": len(outcome.prepared.rows)}
        traces: dict[str, str] = {}
        for pending in asked:
            span, traces[pending.id] = self._server(label, pending, epoch)
            if span.is_recording():
                span.set_attributes(_of_arm(label) | batch | {"http.response.status_code": 200})
                span.set_attribute("loopwright.records", len(pending.rows))
                if outcome.fallback_from is not None:
                    span.set_attribute("loopwright.fallback_from", outcome.fallback_from)
                if read is not None:
                    self._children(span, label, batch, times=(*read, now), epoch=epoch)
            span.end(_nanoseconds(epoch + now))
        return traces

    def _refused(self, label: ArmLabel, pending: Pending, error: LoopwrightError) -> str:
        """Make the span of a request without a prediction; returns the trace's id."""
        epoch = self._epoch_s()
        span, trace = self._server(label, pending, epoch)
        if span.is_recording():
            span.set_attributes(_of_arm(label))
            span.set_attributes({"http.response.status_code": error.http_status, "error.type": error.code})
            if error.http_status >= 500:
                span.set_status(Status(StatusCode.ERROR, error.what))
        span.end(_nanoseconds(epoch + self._machine.monotonic()))
        return trace

    def _server(self, label: ArmLabel, pending: Pending, epoch: float) -> tuple[Span, str]:
        span = self._tracer.start_span(
            f"predict {label.endpoint}",
            context=_PARENT.extract(pending.headers, Context()),
            kind=SpanKind.SERVER,
            attributes={"loopwright.request.id": pending.id},
            start_time=_nanoseconds(epoch + pending.started),
        )
        return span, format_trace_id(span.get_span_context().trace_id)

    def _children(
        self, span: Span, label: ArmLabel, attributes: _Attributes, *, times: tuple[float, float, float], epoch: float
    ) -> None:
        """What happened between the batch's beginning, the end of the read, and the answer."""
        began, ready, ended = (_nanoseconds(epoch + at) for at in times)
        context = set_span_in_context(span, Context())
        for name, first, last in (("features", began, ready), ("model", ready, ended)):
            child = self._tracer.start_span(
                f"{name} {label.endpoint}", context=context, attributes=attributes, start_time=first
            )
            child.end(last)

    def _epoch_s(self) -> float:
        """What makes monotonic seconds seconds since 1970."""
        return self._machine.now() / 1e6 - self._machine.monotonic()


def _of_arm(label: ArmLabel) -> dict[str, str]:
    found = {
        "loopwright.endpoint": label.endpoint,
        "loopwright.arm": label.arm,
        "loopwright.model.version": label.version,
    }
    return found if label.release is None else found | {"loopwright.release": label.release}


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
