"""What of a request is logged: wrappers of the request log's sink, one rule each, there only where asked for.

A sink takes rows of `RequestRow` a batch at a time and returns once they are kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
from blake3 import blake3

from loopwright.core.codec import canonical
from loopwright.errors import NoSpaceError, SettingError
from loopwright.observations.request_log import RequestRow

How = Literal["drop", "hash"]
_POINTS = 1 << 64
_CONTEXT = "loopwright 2026 request log redaction"


class Sink(Protocol):
    """Where rows go."""

    def append(self, rows: Sequence[RequestRow]) -> None:
        """Keep rows, with one write."""


class LogPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say of the request log.

    Attributes:
        sample: The share of requests that is logged, 0 to 1.
        redact: Columns whose values are not logged as they are.
        drop_when_full: Whether requests are answered unlogged where the disk is full; else they are refused.
    """

    sample: float = 1.0
    redact: Mapping[str, How] = {}
    drop_when_full: bool = False

    @classmethod
    def parse(cls, *, sample: float, redact: str, full: str) -> "LogPolicy":
        """Read the settings `log_sample`, `request_log_redact` and `request_log_full`.

        Raises:
            SettingError: One of them is none of what it may be.
        """
        if not 0.0 <= sample <= 1.0:
            raise SettingError(f"log_sample is {sample}", why="a share lies between 0 and 1")
        if full not in ("refuse", "drop"):
            raise SettingError(f"request_log_full is {full!r}", why="it is refuse or drop")
        columns = [part.strip() for part in redact.split(",") if part.strip()]
        return cls(sample=sample, redact=dict(map(_redaction, columns)), drop_when_full=full == "drop")


class Losses:
    """Counts rows that a full disk kept out of the log. Told by one thread, asked by any.

    Attributes:
        rows: How many, since the process began.
        losing: Whether the last batch was lost.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.losing = False

    def lost(self, rows: int) -> None:
        """A batch was lost."""
        self.rows += rows
        self.losing = True

    def kept(self) -> None:
        """A batch was kept."""
        self.losing = False


def policed(sink: Sink, policy: LogPolicy, *, secret: bytes, losses: Losses) -> Sink:
    """The sink with the policy before it; the sink itself where the policy asks for nothing.

    Args:
        sink: The request log.
        policy: What is asked for.
        secret: Keys the digests of hashed columns, so that nobody without it can try values; of any length.
        losses: Is told of rows that a full disk kept out.
    """
    if policy.drop_when_full:
        sink = DroppedWhenFull(sink, losses)
    if policy.redact:
        sink = Redacted(sink, policy.redact, secret=secret)
    if policy.sample < 1.0:
        sink = Sampled(sink, policy.sample)
    return sink


class AnnotatedRow(RequestRow, frozen=True, kw_only=True, gc=False):
    """A row that a sampled or traced log has.

    Attributes:
        weight: How many requests it stands for; None: for itself.
        trace_id: The trace that the request belongs to, 32 hexadecimal digits.
    """

    weight: float | None = None
    trace_id: str | None = None


def annotated(row: RequestRow, **facts: Any) -> AnnotatedRow:
    """The row, with `weight` or `trace_id`."""
    known = {name: getattr(row, name) for name in row.__struct_fields__}
    return AnnotatedRow(**known | facts)


class Sampled:
    """Keeps a share of the rows, chosen by the request's id.

    What failed, what fell back, and every request while a release is under way are kept whole: they are what versions
    are judged by. The champion's other rows carry how many requests each stands for. Counts of requests do not come
    from rows (they are `arm_stats`), and stay exact.
    """

    def __init__(self, sink: Sink, share: float) -> None:
        self._sink = sink
        self._edge = round(share * _POINTS)
        self._weight = 1.0 / share if share else 0.0

    def append(self, rows: Sequence[RequestRow]) -> None:
        kept: list[RequestRow] = []
        for row in rows:
            if _always_kept(row):
                kept.append(row)
            elif _point(row.request_id) < self._edge:
                kept.append(annotated(row, weight=self._weight))
        if kept:
            self._sink.append(kept)


class Redacted:
    """Takes columns out of inputs and joined features before they are written, or puts a keyed digest in their place.

    Equal values have equal digests, so that rows can still be grouped and joined. Where the request's key shows a
    redacted column, it is treated alike; feedback by key no longer finds such a request, feedback by request id does.
    """

    def __init__(self, sink: Sink, redact: Mapping[str, How], *, secret: bytes) -> None:
        self._sink = sink
        self._redact = redact
        self._key = blake3(secret, derive_key_context=_CONTEXT).digest()

    def append(self, rows: Sequence[RequestRow]) -> None:
        self._sink.append([self._redacted(row) for row in rows])

    def _redacted(self, row: RequestRow) -> RequestRow:
        inputs, features = _fields(row.inputs), _fields(row.features)
        touched = [name for name in self._redact if name in inputs or name in features]
        if not touched:
            return row
        key = row.key
        for name in touched:
            if key is not None and str(inputs.get(name)) == row.key:
                key = None if self._redact[name] == "drop" else self._digest(inputs[name])
        changed = {"inputs": self._without(inputs), "features": self._without(features), "key": key}
        return msgspec.structs.replace(row, **changed)

    def _without(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, value in fields.items():
            how = self._redact.get(name)
            if how is None or (how == "hash" and value is None):
                kept[name] = value
            elif how == "hash":
                kept[name] = self._digest(value)
        return kept

    def _digest(self, value: Any) -> str:
        return "h:" + str(blake3(canonical(value), key=self._key).hexdigest(16))


class DroppedWhenFull:
    """Lets requests be answered whose rows a full disk cannot take, and counts those rows."""

    def __init__(self, sink: Sink, losses: Losses) -> None:
        self._sink = sink
        self._losses = losses

    def append(self, rows: Sequence[RequestRow]) -> None:
        try:
            self._sink.append(rows)
        except NoSpaceError:
            self._losses.lost(len(rows))
        else:
            self._losses.kept()


def _redaction(part: str) -> tuple[str, How]:
    name, _, how = part.partition(":")
    if not name or how not in ("", "drop", "hash"):
        raise SettingError(
            f"request_log_redact says {part!r}", why="it names columns by commas, each alone, or with :hash or :drop"
        )
    return name, "hash" if how == "hash" else "drop"


def _always_kept(row: RequestRow) -> bool:
    odd = row.status >= 400 or row.fallback_from is not None
    return odd or row.release is not None or row.shadow_of is not None or row.arm != "champion"


def _point(request_id: str) -> int:
    """Where a request falls, uniform over ids; the records of one request fall together."""
    return int.from_bytes(blake3(request_id.partition(".")[0].encode()).digest(8), "big")


def _fields(values: Any) -> Mapping[str, Any]:
    return values if isinstance(values, Mapping) else msgspec.to_builtins(values)
