"""Landing what is new for the datasets of a loop: files at their sources, and rows that were pushed."""

from collections.abc import Mapping

import msgspec

from loopwright.app.entry import entry
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest, digest_value
from loopwright.data.dataset import Dataset
from loopwright.data.pending import pending


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would land for one dataset."""

    files: tuple[str, ...]
    pushed: int
    digest: Digest


def waiting(workspace: Workspace, datasets: Mapping[str, Dataset]) -> dict[str, Waiting]:
    """What would land now, by dataset; datasets that are up to date are absent. Nothing is read whole or written.

    Raises:
        DataRefusedError: A source is not readable.
    """
    found: dict[str, Waiting] = {}
    tables = set(workspace.stores.tables.names()) if datasets else set()
    for name, dataset in datasets.items():
        files = pending(workspace.stores, name, dataset.patterns) if dataset.patterns else ()
        batches = _pushed(workspace, name) if f"push.{name}" in tables else ()
        if files or batches:
            digest = digest_value([[file.digest for file in files], batches])
            found[name] = Waiting(files=tuple(file.name for file in files), pushed=len(batches), digest=digest)
    return found


def _pushed(workspace: Workspace, name: str) -> tuple[str, ...]:
    """The batches of pushed rows that have not landed."""
    rows = entry("loopwright.data.pushing:waiting_batches")(workspace.stores, name)
    return tuple(rows)


def land_all(workspace: Workspace, datasets: Mapping[str, Dataset]) -> tuple[int, ...]:
    """Land every dataset; returns the events of those that changed.

    Raises:
        DataRefusedError: A landing broke a contract. Datasets before it have landed; of it nothing was written.
    """
    if not datasets:
        return ()  # what reads tables takes a while to import
    events: list[int] = []
    land, land_pushed = entry("loopwright.data.landing:land"), entry("loopwright.data.landing:land_pushed")
    for dataset in datasets.values():
        if dataset.patterns:
            landing = land(workspace.stores, dataset, clock=workspace.clock, actor=workspace.actor)
            events += [landing.event] if landing.event else []
        landing = land_pushed(workspace.stores, dataset, clock=workspace.clock, actor=workspace.actor)
        events += [landing.event] if landing.event else []
    return tuple(events)
