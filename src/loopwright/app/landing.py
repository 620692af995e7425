"""Landing what is new for the datasets of a loop: files at their sources, and rows that were pushed."""

from collections.abc import Mapping

from loopwright.app.entry import entry
from loopwright.app.workspace import Workspace
from loopwright.data.dataset import Dataset


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
