"""The workspace names services and holds no logic: a project's folder, its stores, its settings, its clock."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopwright.app.clock import ReplayClock
from loopwright.core.clock import Clock, SystemClock
from loopwright.core.environment import variables
from loopwright.core.ids import IdSource, random_id
from loopwright.core.settings import Settings, resolve
from loopwright.errors import NotAHomeError
from loopwright.store.open_stores import Stores, create_home, open_stores

PROJECT_FILE = "loopwright.toml"
USER_FILE = Path("~/.config/loopwright/settings.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What every journey is given. `clock` is the workspace's, `machine` the machine's: they differ in a replay."""

    project: Path
    stores: Stores
    settings: Settings
    clock: Clock
    machine: Clock
    ids: IdSource
    actor: str

    @property
    def home(self) -> Path:
        return self.stores.home

    @property
    def namespace(self) -> str:
        return self.settings.text("namespace")

    def ref(self, kind: str, name: str, alias: str) -> str:
        """A ref's full name, as `default/model/flight-delay@champion`."""
        return f"{self.namespace}/{kind}/{name}@{alias}"

    def close(self) -> None:
        self.stores.close()


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` with a `loop.py`, else `start` itself."""
    for folder in (start, *start.parents):
        if (folder / "loop.py").is_file():
            return folder
    return start


def settings_of(project: Path, explicit: Mapping[str, Any] | None = None) -> Settings:
    """The project's settings, resolved."""
    return resolve(explicit or {}, variables(), project / PROJECT_FILE, user_file=USER_FILE.expanduser())


def open_workspace(
    project: Path, *, explicit: Mapping[str, Any] | None = None, create: bool = False, replay: bool = False
) -> Workspace:
    """Open the project's home.

    Args:
        project: The project's folder.
        explicit: Settings given on the command line.
        create: Make the home where there is none yet.
        replay: Whether a home made here is one for replay, whose clock may be set.

    Raises:
        NotAHomeError: There is no home and `create` is false.
        HomeTooNewError, NoPermissionError, NoSpaceError: As the store says.
    """
    settings = settings_of(project, explicit)
    home = project / settings.text("home")
    system = SystemClock()
    if not (home / "home.json").is_file():
        if not create:
            raise NotAHomeError(
                f"there is no home at {home}",
                why="no loop has run in this project yet",
                fix="Run `loopwright run` here, or change to a project folder.",
            )
        create_home(home, replay=replay, ids=random_id, clock=system)
    stores = open_stores(home, clock=system, ids=random_id)
    clock: Clock = system
    if stores.replay:
        clock = ReplayClock(stores.ledger, system)
        stores.use_clock(clock)
    return Workspace(
        project=project, stores=stores, settings=settings, clock=clock, machine=system, ids=random_id, actor=_actor()
    )


def _actor() -> str:
    try:
        return f"user:{getpass.getuser()}"
    except (KeyError, OSError):
        return "user:unknown"
