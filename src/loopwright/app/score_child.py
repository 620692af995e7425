"""Lets a version answer rows in a process of its own; the other end of `ScoringChild`.

`python -m loopwright.app.score_child BUNDLE`. Each line on standard input is a JSON list of two files: columns to read
and answers to write (`.npz`). One line is answered for each, and one once the bundle is loaded: empty, or what went
wrong. Whatever the bundle's own code prints goes to standard error.
"""

import os
import sys
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from loopwright.errors import LoopwrightError
from loopwright.serving.model import Model

NICENESS = 5
"""Requests that wait for an answer come first."""


def main(bundle: str, asked: IO[bytes], said: IO[bytes]) -> int:
    """Answer until the input closes; returns the exit code."""
    try:
        model = Model.load(Path(bundle))
        model.prove_stream()
    except LoopwrightError as error:
        _say(said, f"{error.what}: {error.why}")
        return error.exit_code
    _say(said, "")
    for line in asked:
        columns, answers = msgspec.json.decode(line, type=tuple[str, str])
        _say(said, _answered(model, columns, answers))
    return 0


def _answered(model: Model, columns: str, answers: str) -> str:
    with np.load(columns, allow_pickle=False) as stored:
        given = {name: stored[name] for name in (column.name for column in model.signature.features)}
    try:
        np.savez(answers, **model.scores(given))  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - boundary: the bundle's own code; the cause is handed on
        return f"{type(error).__name__}: {error}"
    return ""


def _say(said: IO[bytes], text: str) -> None:
    said.write(msgspec.json.encode(text) + b"\n")
    said.flush()


def _own_output() -> IO[bytes]:
    """Standard output, kept for answers: what anybody prints from now on goes to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "wb")


if __name__ == "__main__":
    os.nice(NICENESS)
    sys.exit(main(sys.argv[1], sys.stdin.buffer, _own_output()))
