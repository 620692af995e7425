"""Every setting, declared once and resolved once: explicit > environment > project file > user file > default."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from loopwright.errors import SettingError


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting: its name is its key in `loopwright.toml` and, as LOOPWRIGHT_NAME, in the environment."""

    name: str
    default: str | int | float | bool
    help: str
    unit: str = ""
    secret: bool = False

    @property
    def variable(self) -> str:
        return "LOOPWRIGHT_" + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting(name="home", default=".loopwright", help="Folder of the embedded stores, relative to the project."),
    Setting(name="namespace", default="default", help="Prefix of every ref."),
    Setting(name="host", default="127.0.0.1", help="Address the servers listen on."),
    Setting(name="port", default=8700, help="Port of the inference server; the control API listens on the next one."),
    Setting(
        name="grpc_port", default=0, help="Port of the Open Inference gRPC service; 0: none. Needs the extra `grpc`."
    ),
    Setting(name="request_timeout_s", default=10.0, unit="s", help="Deadline of one prediction request."),
    Setting(
        name="probation_timeout_s",
        default=0.5,
        unit="s",
        help="Deadline of a version on probation, after which the champion answers.",
    ),
    Setting(name="max_request_bytes", default=8_388_608, unit="bytes", help="Largest request body accepted."),
    Setting(name="max_in_flight", default=512, help="Requests in flight above which the server answers 503."),
    Setting(
        name="max_queued",
        default=384,
        help="Requests that may wait for one endpoint's model, above which it answers 503.",
    ),
    Setting(
        name="hot_path",
        default=True,
        help="Whether plain predictions and calls of applications go past ASGI; both ways answer the same.",
    ),
    Setting(name="workers", default=1, help="Inference workers that share the port; 0: one a core."),
    Setting(name="model_threads", default=1, help="CPU threads a worker gives its model; 0: cores by workers."),
    Setting(
        name="batch_threads",
        default=1,
        help="CPU threads of a scheduled or asynchronous batch, which runs beside the servers.",
    ),
    Setting(
        name="jobs_folder",
        default="",
        help="Folder, or object store's URL, below which jobs may name inputs and outputs; none where empty.",
    ),
    Setting(
        name="webhook_hosts",
        default="",
        help="Hosts, by commas, that may be told of ended jobs; this machine only where empty.",
    ),
    Setting(
        name="webhook_secret",
        default="",
        help="What messages about ended jobs are signed with: a file, or env:NAME. None are sent where empty.",
    ),
    Setting(
        name="incident_unconfirmed_after",
        default="14d",
        help="How long an incident waits under a new version for its checks to pass, before it is closed unconfirmed.",
    ),
    Setting(
        name="notify_apprise",
        default="",
        help="Where Apprise addresses of services to tell of incidents are: files or env:NAME, by commas.",
    ),
    Setting(
        name="notify_webhooks",
        default="",
        help="Addresses, by commas, that incidents are posted to, signed with webhook_secret.",
    ),
    Setting(
        name="notify_cloudevents",
        default="",
        help="Addresses, by commas, that incidents are posted to as CloudEvents, signed with webhook_secret.",
    ),
    Setting(
        name="notify_least_severity",
        default="info",
        help="Severity from which somebody is told of an incident: info, warning or critical.",
    ),
    Setting(
        name="stuck_s",
        default=10.0,
        unit="s",
        help="How long a worker's loop or model may stand still before it is killed and started again.",
    ),
    Setting(
        name="probation_memory_mb",
        default=2048,
        unit="MB",
        help="Memory of a version on probation, above which its process is killed; 0: no limit.",
    ),
    Setting(
        name="probation_network", default=False, help="Whether a version on probation may use the network (Linux)."
    ),
    Setting(name="max_connections", default=4096, help="Open connections a worker; further ones are answered 503."),
    Setting(
        name="header_timeout_s",
        default=10.0,
        unit="s",
        help="How long a caller may take to send a request's head, and again its body.",
    ),
    Setting(
        name="log_sample",
        default=1.0,
        help="Share of requests that is logged. Failures, and every request while a release is under way, always are.",
    ),
    Setting(
        name="request_log_redact",
        default="",
        help="Columns, by commas, whose values stay out of the request log; NAME:hash logs a keyed digest instead.",
    ),
    Setting(
        name="request_log_retention",
        default="",
        help="How long requests stay in the log, as 90d; for ever where empty.",
    ),
    Setting(
        name="request_log_full",
        default="refuse",
        help="What happens to a request that a full disk cannot log: refuse it, or drop its row and count it.",
    ),
    Setting(name="request_log_fdatasync", default=False, help="Flush the request log to the device before answering."),
    Setting(
        name="door_policy", default="refuse", help="What happens to a request outside the contract: refuse, or flag."
    ),
    Setting(
        name="tls_certificate",
        default="",
        help="The servers' certificate chain, PEM: a file, or env:NAME. Servers speak TLS where it is set.",
    ),
    Setting(name="tls_key", default="", help="The certificate's private key, PEM: a file, or env:NAME."),
    Setting(
        name="tls_client_ca",
        default="",
        help="Who must have signed the certificate of every client, PEM: a file, or env:NAME. None needed where empty.",
    ),
    Setting(
        name="allowed_hosts",
        default="",
        help="Names, by commas, that a Host header may have beside loopback's own; empty: any, on another address.",
    ),
    Setting(
        name="training_price",
        default="",
        help="What training costs, as '1.20 USD/h' or '0.50 USD/run'; budgets in money of `lw.Retraining` need it.",
    ),
    Setting(
        name="llm_log_content",
        default="off",
        help="Whether the request log keeps questions and answers of applications: off, redacted (as guards mask them) "
        "or full.",
    ),
    Setting(
        name="unknown_price_usd_per_mtok",
        default=0.0,
        unit="USD",
        help="What a million tokens of a model without a price is taken to cost; 0: budgets in money refuse them.",
    ),
    Setting(
        name="llm_cache_url",
        default="",
        secret=True,
        help="Where answers of applications are kept for every machine that serves this home: redis:// or rediss://, "
        "or env:NAME where that holds a password. The home's own store where empty.",
    ),
    Setting(name="poll_s", default=0.1, unit="s", help="How often processes look for new journal events."),
)


class Settings(msgspec.Struct, frozen=True):
    """Resolved values, and where each came from. A secret's value never prints."""

    values: dict[str, Any]
    origins: dict[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def text(self, name: str) -> str:
        return str(self.values[name])

    def number(self, name: str) -> float:
        return float(self.values[name])

    def whole(self, name: str) -> int:
        return int(self.values[name])

    def flag(self, name: str) -> bool:
        return bool(self.values[name])


def resolve(
    explicit: Mapping[str, Any], environment: Mapping[str, str], project_file: Path, *, user_file: Path
) -> Settings:
    """Resolve every setting.

    Raises:
        SettingError: A value has the wrong type, or a file names an unknown setting.
    """
    known = {setting.name for setting in SETTINGS}
    layers: list[tuple[str, Mapping[str, Any]]] = [
        ("explicit", {k: v for k, v in explicit.items() if v is not None}),
        ("environment", {s.name: environment[s.variable] for s in SETTINGS if s.variable in environment}),
        (str(project_file), _read(project_file, known)),
        (str(user_file), _read(user_file, known)),
        ("default", {s.name: s.default for s in SETTINGS}),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        origin, raw = next((name, layer[setting.name]) for name, layer in layers if setting.name in layer)
        values[setting.name] = _convert(setting, raw, origin)
        origins[setting.name] = origin
    return Settings(values, origins)


def _read(path: Path, known: set[str]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not valid TOML", why=str(error)) from error
    for name in found:
        if name not in known:
            raise SettingError(f"{path} names an unknown setting {name!r}", why=f"known: {', '.join(sorted(known))}")
    return found


def _convert(setting: Setting, raw: Any, origin: str) -> str | int | float | bool:
    kind = type(setting.default)
    convert: Callable[[Any], Any] = _boolean if kind is bool else kind
    try:
        return convert(raw)  # type: ignore[no-any-return]
    except (TypeError, ValueError) as error:
        shown = "…" if setting.secret else repr(raw)
        raise SettingError(
            f"{setting.name} = {shown} is not a {kind.__name__}",
            why=f"found in {origin}",
            looked_in=["explicit", setting.variable, "project file", "user file", "default"],
        ) from error


def _boolean(raw: Any) -> bool:
    text = str(raw).lower()
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ValueError(raw)
