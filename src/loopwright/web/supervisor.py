"""`up`'s supervisor, without logic of its own: it starts processes, starts again what ends, kills what stands still or
grows too large, and stops all of them.

Each child holds one end of a pipe as its standard input. When the supervisor ends, however it ends, the pipe closes and
the children end by themselves.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loopwright.core.clock import Clock
from loopwright.core.codec import to_json
from loopwright.errors import LoopwrightError
from loopwright.web.watchdog import Fault, Guard, Watchdog

_TICK_S = 0.1
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_S = 30.0
_FAULTS: Mapping[Fault, str] = {"stuck": "it stood still", "memory": "it took more memory than it may"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCommand:
    """One process to keep.

    Attributes:
        name: Unique among the supervisor's children.
        arguments: The command line.
        environment: Its whole environment; None: the supervisor's own.
        folder: Its working directory; None: the supervisor's own.
        patience_s: Seconds from being asked to end until it is killed.
        patience_at_end_s: The same, when everything ends.
        inherits: File descriptors that it is given under the same numbers, such as a listening socket.
        guard: Bounds, outside which it is killed and started again.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    patience_s: float = 12.0
    patience_at_end_s: float = 12.0
    inherits: tuple[int, ...] = ()
    guard: Guard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child that ended without being asked to.

    Attributes:
        name: The child.
        code: Its exit code; minus the signal where one killed it.
        fault: Why the supervisor killed it, where it did.
    """

    name: str
    code: int
    fault: Fault | None = None


class _Kept:
    """A child and its history. `due` is when it may be started (again), in monotonic seconds."""

    __slots__ = ("command", "due", "failures", "fault", "looked", "process", "started", "watchdog")

    def __init__(self, command: ChildCommand) -> None:
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.due = 0.0
        self.failures = 0
        self.watchdog: Watchdog | None = None
        self.looked = 0.0
        self.fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """A child that was told to end, and when that stops being a request.

    `hurry_s` is its patience when everything ends.
    """

    process: subprocess.Popen[bytes]
    until: float
    hurry_s: float


def _nothing() -> Sequence[ChildCommand]:
    return ()


def _silent(line: str) -> None:
    """Say nothing."""


def _unheard(ended: Ended) -> None:
    """Tell nobody."""


class Supervisor:
    """Keeps processes running. Used by one thread, the main one.

    Args:
        commands: Children to keep for as long as the supervisor runs.
        run: Folder for `supervisor.json` (pids).
        clock: Paces the looks and the back-off.
        wanted: More children to keep for as long as it names them, as probation children; asked ten times a second.
        say: Takes one line about a child that ended.
        on_end: Told of every child that ended by itself or was killed for a fault; must not wait.
    """

    def __init__(
        self,
        *,
        commands: Sequence[ChildCommand],
        run: Path,
        clock: Clock,
        wanted: Callable[[], Sequence[ChildCommand]] = _nothing,
        say: Callable[[str], None] = _silent,
        on_end: Callable[[Ended], None] = _unheard,
    ) -> None:
        self._commands = tuple(commands)
        self._run = run
        self._clock = clock
        self._wanted = wanted
        self._say = say
        self._on_end = on_end
        self._kept: dict[str, _Kept] = {}
        self._ending: list[_Ending] = []
        self._stopping = False

    def stop(self) -> None:
        """Ask `run_until_stopped` to end; for signal handlers."""
        self._stopping = True

    def run_until_stopped(self) -> None:
        """Start the children and keep them until `stop`, Ctrl-C or SIGTERM; then stop them all."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._stopping:
                self.step()
                self._clock.sleep(_TICK_S)
        finally:
            self.end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def pids(self) -> dict[str, int]:
        """Processes that run now, by name."""
        return {name: kept.process.pid for name, kept in self._kept.items() if kept.process is not None}

    def step(self) -> None:
        """One look: start what is due, note what ended, end what is no longer wanted."""
        before = self.pids()
        now = self._clock.monotonic()
        wanted = {command.name: command for command in (*self._commands, *self._asked_for())}
        for name in [name for name in self._kept if name not in wanted]:
            kept = self._kept.pop(name)
            self._let_go(kept, now + kept.command.patience_s)
        for name, command in wanted.items():
            self._keep(self._kept.setdefault(name, _Kept(command)), now)
        self._reap(now)
        if self.pids() != before:
            self._write_pids()

    def end(self) -> None:
        """Ask every child to end, and wait until all have."""
        now = self._clock.monotonic()
        self._ending = [replace(ending, until=min(ending.until, now + ending.hurry_s)) for ending in self._ending]
        for kept in self._kept.values():
            self._let_go(kept, now + kept.command.patience_at_end_s)
        self._kept.clear()
        while self._ending:
            self._clock.sleep(_TICK_S / 4)
            self._reap(self._clock.monotonic())
        (self._run / "supervisor.json").unlink(missing_ok=True)

    def _asked_for(self) -> Iterable[ChildCommand]:
        """What is wanted beside the fixed commands; where that cannot be found out now, what was wanted before."""
        try:
            return self._wanted()
        except LoopwrightError as error:
            self._say(f"{error.code} {error.what}")
            fixed = {command.name for command in self._commands}
            return [kept.command for name, kept in self._kept.items() if name not in fixed]

    def _keep(self, kept: _Kept, now: float) -> None:
        if kept.process is not None and kept.process.poll() is not None:
            self._note_end(kept, now)
        if kept.process is None and now >= kept.due:
            kept.process = _start(kept.command)
            kept.started = kept.looked = now
            kept.watchdog = Watchdog(kept.command.guard, kept.process.pid) if kept.command.guard else None
            kept.fault = None
        self._look_at(kept, now)

    def _look_at(self, kept: _Kept, now: float) -> None:
        """Kill a child that is out of its bounds; the next look finds that it has ended."""
        if kept.process is None or kept.watchdog is None or kept.fault is not None:
            return
        kept.fault = kept.watchdog.look(now - kept.looked)
        kept.looked = now
        if kept.fault is not None:
            kept.process.kill()

    def _note_end(self, kept: _Kept, now: float) -> None:
        code = kept.process.returncode if kept.process is not None else 0
        if now - kept.started > _STEADY_S:
            kept.failures = 0
        pause = _BACK_OFF_S[min(kept.failures, len(_BACK_OFF_S) - 1)]
        kept.failures += 1
        kept.due = now + pause
        kept.process = None
        why = f"was killed ({_FAULTS[kept.fault]})" if kept.fault else f"ended with {code}"
        self._say(f"{kept.command.name} {why}; starting it again in {pause:g} s")
        self._on_end(Ended(name=kept.command.name, code=code, fault=kept.fault))

    def _let_go(self, kept: _Kept, until: float) -> None:
        if kept.process is not None:
            _ask_to_end(kept.process)
            self._ending.append(_Ending(process=kept.process, until=until, hurry_s=kept.command.patience_at_end_s))

    def _reap(self, now: float) -> None:
        for ending in self._ending:
            if ending.process.poll() is None and now > ending.until:
                ending.process.kill()
        self._ending = [ending for ending in self._ending if ending.process.poll() is None]

    def _on_signal(self, number: int, frame: object) -> None:  # noqa: ARG002 - the form of a signal handler
        self._stopping = True

    def _write_pids(self) -> None:
        self._run.mkdir(parents=True, exist_ok=True)
        path = self._run / "supervisor.json"
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(to_json({"pid": os.getpid(), "children": self.pids()}))
        scratch.replace(path)


def _start(command: ChildCommand) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own: a Ctrl-C on the terminal goes to the supervisor alone."""
    return subprocess.Popen(  # noqa: S603 - our own command lines, no shell
        list(command.arguments),
        stdin=subprocess.PIPE,
        env=None if command.environment is None else dict(command.environment),
        cwd=command.folder,
        pass_fds=command.inherits,
        start_new_session=True,
    )


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM; its pipe stays open, so that a probation child may drain."""
    if process.poll() is None:
        process.terminate()
