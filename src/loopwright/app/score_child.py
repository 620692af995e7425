"""Lets a candidate with prediction code of its own answer the holdout, in a process of its own with a time limit.

`python -m loopwright.app.score_child BUNDLE COLUMNS.npz ANSWERS.npz`
"""

import sys
from pathlib import Path

import numpy as np

from loopwright.errors import LoopwrightError
from loopwright.serving.model import Model


def main(bundle: str, columns: str, answers: str) -> int:
    """Answer and write; returns the exit code. The last line on stderr says what went wrong."""
    try:
        model = Model.load(Path(bundle))
    except LoopwrightError as error:
        sys.stderr.write(f"{error.what}: {error.why}\n")
        return error.exit_code
    with np.load(columns, allow_pickle=False) as stored:
        given = {name: stored[name] for name in (column.name for column in model.signature.features)}
    np.savez(answers, **model.scores(given))  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
