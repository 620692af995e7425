"""Asking, once after each edit, what the training code is now; a process of its own reads it, so that nothing waits."""

from typing import Any

from loopwright.app.loop_file import LoadedLoop
from loopwright.app.retraining.code_change import champion_code, files_as_of, training_code
from loopwright.app.retraining.process import RetrainProcess
from loopwright.app.retraining.said import Errand
from loopwright.app.run import graph_of
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError

_POLL_S = 0.05


class CodeLook:
    """Compares the training code with the champion's. Used by one thread.

    Args:
        workspace: The workspace.
        loaded: The loop, as this process has loaded it.
        waits: Whether a look waits for its answer; otherwise a later look has it.
        fresh: Whether this process has loaded the loop just now for this look, as a command does: then the loop itself
            is what the files say, and no other process is asked.
    """

    def __init__(self, workspace: Workspace, loaded: LoadedLoop, *, waits: bool, fresh: bool = False) -> None:
        self._waits = waits
        self._fresh = fresh
        self._workspace = workspace
        self._loaded = loaded
        self._asked: tuple[Any, ...] = ()
        self._process: RetrainProcess | None = None
        self._now: Digest | None = None

    def look(self, champion: Digest) -> tuple[Digest, Digest] | None:
        """The digests of the champion's training code and of the files as they are now.

        None where no file has changed, where it is not known yet, and where one of the two cannot be told: a loop file
        that cannot be loaded is no reason to train.
        """
        changed, seen = files_as_of(self._workspace, champion, self._loaded.project)
        if not changed:
            return None
        try:
            now = training_code(self._loaded) if self._fresh else self._answer(seen)
            if now is None:
                return None
            before = champion_code(
                self._workspace, self._loaded.loop.name, champion, graph=graph_of(self._loaded, None)
            )
        except LoopwrightError:
            return None
        return None if before is None else (before, now)

    def _answer(self, seen: tuple[Any, ...]) -> Digest | None:
        """What the other process says of these files; None while it has not said."""
        if seen != self._asked:
            self._ask(seen)
        self._hear()
        return self._now

    def _ask(self, seen: tuple[Any, ...]) -> None:
        if self._process is not None:
            self._process.stop()
        self._asked, self._now = seen, None
        errand = Errand(
            project=str(self._loaded.project),
            home=str(self._workspace.home),
            file=str(self._loaded.path),
            look=True,
        )
        folder = self._workspace.home / "run" / "retraining" / f"{self._loaded.loop.name}-code"
        self._process = RetrainProcess.start(errand, folder)

    def _hear(self) -> None:
        """Take the answer, where there is one."""
        said = self._process.said() if self._process is not None else None
        while said is None and self._process is not None and self._waits:
            self._workspace.clock.sleep(_POLL_S)
            said = self._process.said()
        if said is not None:
            self._process, self._now = None, said.code or None
