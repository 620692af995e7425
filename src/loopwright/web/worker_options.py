"""What a worker is told: its command line and the settings."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from loopwright.core.environment import variables
from loopwright.core.settings import Settings, resolve

DESCRIPTION = "An inference worker: serves endpoints until SIGTERM, Ctrl-C or the end of its parent."


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What a worker is told.

    Attributes:
        home: The home's folder.
        endpoints: Names of the endpoints that it serves.
        settings: Resolved settings: host, port, limits, door policy, threads, poll interval.
        name: The worker's name among those of its home; its pid lies in `run/NAME.json`.
        supervised: Whether the process ends when its standard input closes.
        door: Number of the listening socket that it was started with; None: it listens by itself.
    """

    home: Path
    endpoints: tuple[str, ...]
    settings: Settings
    name: str = "worker-1"
    supervised: bool = False
    door: int | None = None


def parse(arguments: list[str] | None = None) -> WorkerOptions:
    """The options of a command line.

    Raises:
        SettingError: A setting has a wrong value.
    """
    parser = argparse.ArgumentParser(prog="loopwright worker", description=DESCRIPTION)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--endpoint", action="append", required=True)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--fd", type=int)
    parser.add_argument("--name", default="worker-1")
    parser.add_argument("--supervised", action="store_true")
    given = parser.parse_args(arguments)
    settings = resolve(
        {"host": given.host, "port": given.port},
        variables(),
        given.home.parent / "loopwright.toml",
        user_file=Path("~/.config/loopwright/settings.toml").expanduser(),
    )
    return WorkerOptions(
        home=given.home,
        endpoints=tuple(dict.fromkeys(given.endpoint)),
        settings=settings,
        name=given.name,
        supervised=given.supervised,
        door=given.fd,
    )
