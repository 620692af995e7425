"""A replay's scenario: what is played, in the order in which it became known. Read from `replay.toml`."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.core.clock import Micros
from loopwright.errors import MissingColumnError, SourceError, UsageError


class Requests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows sent to an endpoint at their time; after `full_until` only one in `thin_to_one_in`, releases apart."""

    endpoint: str
    source: str
    at: str
    columns: list[str]
    full_until: datetime | None = None
    thin_to_one_in: int = 1


class Push(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows pushed to a dataset as they become known; `ahead` is how long before their time that is (a timetable)."""

    dataset: str
    source: str
    at: str
    ahead: str = "0s"


class Labels(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Outcomes sent as feedback, by key."""

    endpoint: str
    source: str
    at: str
    key: str
    value: str
    event_time: str


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a person does on the way: land a file, or run a loop file (with an override, if given)."""

    when: str
    land: str | None = None
    paths: list[str] = []
    run: str | None = None
    override: str | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole replay."""

    start: datetime
    end: datetime
    stop_after: str = "end"
    requests: list[Requests]
    pushes: list[Push] = []
    labels: list[Labels] = []
    acts: list[Act] = []


def read_scenario(path: Path) -> Scenario:
    """Read and check a scenario.

    Raises:
        UsageError: There is no such file, or it is not a scenario; the message names the field.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario)
    except FileNotFoundError as error:
        raise UsageError(f"there is no scenario at {path}", fix="Name a scenario such as replay.toml.") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a scenario", why=str(error)) from error


class Stream:
    """A source's rows as JSON-ready dicts, handed out in the order of their time."""

    def __init__(self, project: Path, source: str, at: str, *, columns: list[str] | None = None) -> None:
        path = project / source
        if not path.is_file():
            raise SourceError(f"the scenario's source {source} is not there", fix="Make it, or correct the scenario.")
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
        if at not in frame.columns:
            raise MissingColumnError(
                f"{source} has no column {at!r}", why=f"its columns are {', '.join(frame.columns)}"
            )
        frame = frame.sort(at, maintain_order=True)
        self._times = frame[at].cast(pl.Datetime("us")).dt.epoch("us").to_numpy()
        shown = frame.select(columns) if columns else frame
        self._frame = shown.with_columns(pl.selectors.temporal().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
        self._next = 0

    def skip_to(self, start: Micros) -> None:
        """Forget rows before `start`."""
        self._next = int(np.searchsorted(self._times, start, side="left"))

    def take(self, until: Micros, *, one_in: int = 1) -> list[dict[str, Any]]:
        """The next rows with time before `until`; of these, every `one_in`-th row of the whole stream."""
        end = max(self._next, int(np.searchsorted(self._times, until, side="left")))
        rows = self._frame.slice(self._next, end - self._next)
        if one_in > 1:
            rows = rows.filter(pl.Series(np.arange(self._next, end) % one_in == 0))
        self._next = end
        return rows.to_dicts()

    def __len__(self) -> int:
        return len(self._times)
