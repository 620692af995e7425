"""The one file that reads the process's environment."""

import os
from collections.abc import Mapping


def variables() -> Mapping[str, str]:
    """A copy of the environment, taken now."""
    return dict(os.environ)  # noqa: TID251 - the owner of the environment


def child_environment(**extra: str) -> dict[str, str]:
    """What a child process of ours gets: a path, a locale, a home for temporary files, and `extra`; nothing else."""
    keep = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    ambient = variables()
    return {name: ambient[name] for name in keep if name in ambient} | extra


def set_variables(values: Mapping[str, str]) -> None:
    """Change this process's own environment; for child processes of ours, which are told what they may see."""
    os.environ.update(values)  # noqa: TID251 - the owner of the environment
