"""What a retrain's process is told, and what it says at its end."""

import msgspec

ASKED, PROGRESS, OUTCOME = "asked.json", "progress.json", "outcome.json"


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told.

    Attributes:
        project, home: The project's folder, and its home.
        file: The loop file, an absolute path.
        caused_by: Events that led to it.
        look: Only say what the code of the training steps is; nothing is run.
    """

    project: str
    home: str
    file: str
    caused_by: tuple[int, ...] = ()
    look: bool = False


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a child says at its end.

    Attributes:
        status: What became of the candidate, as in `loop_run.Judged`; `refused` or `no_verdict` by the gate; empty
            where something failed.
        why: What was refused or failed, and why.
        run: The run.
        version, release, verdict: Of the candidate.
        event: The newest event of the run.
        code: The training steps' code, where only that was asked.
    """

    status: str = ""
    why: str = ""
    run: str = ""
    version: str = ""
    release: str = ""
    verdict: str = ""
    event: int = 0
    code: str = ""
