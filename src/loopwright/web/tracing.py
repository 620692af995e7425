"""Whether requests are traced, and by what: by OpenTelemetry's own variables, and not unless they name a collector."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points

from loopwright.core.clock import Clock
from loopwright.errors import MissingExtraError, SettingError
from loopwright.serving.tracing import Tracer

GROUP = "loopwright.tracers"
NAME = "otel"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def is_traced(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a collector and does not switch tracing off."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporters = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    return exporters == "otlp" and any(environment.get(name) for name in _ENDPOINTS)


def tracer_of(environment: Mapping[str, str], machine: Clock) -> Tracer | None:
    """The tracer that the environment asks for; None where it asks for none.

    Raises:
        MissingExtraError: OpenTelemetry is not installed.
        SettingError: It asks for a protocol that is not spoken.
    """
    if not is_traced(environment):
        return None
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        raise SettingError(
            f"spans cannot be sent by {protocol}", why="they are sent by http/protobuf",
            fix="Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and the collector's port for it (4318).",
        )  # fmt: skip
    return _load()(machine)


def _load() -> Callable[[Clock], Tracer]:
    for point in entry_points(group=GROUP, name=NAME):
        try:
            found: Callable[[Clock], Tracer] = point.load()
        except ImportError as error:
            raise MissingExtraError(
                "tracing was asked for, and OpenTelemetry is not installed", why=str(error),
                fix="Install it: pip install 'loopwright[otel]'; or unset OTEL_EXPORTER_OTLP_ENDPOINT.",
            ) from error  # fmt: skip
        return found
    raise MissingExtraError("no tracer is installed", fix="Install loopwright again: its entry points are missing.")
