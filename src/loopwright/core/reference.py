"""Secrets and certificates by reference: settings say where they are, and never what they are."""

from pathlib import Path

from loopwright.core.environment import variables
from loopwright.errors import SettingError


def read_reference(reference: str, *, setting: str, base: Path) -> bytes:
    """What a setting refers to.

    Args:
        reference: `env:NAME` for a variable of the environment, `file:PATH` or a path for a file.
        setting: The setting's name, for the error.
        base: What relative paths are relative to.

    Raises:
        SettingError: There is no such variable, or the file cannot be read. What was read is never shown.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = variables().get(name)
        if not value:
            raise SettingError(f"{setting} refers to the variable {name!r}, which is not set", fix=f"Set {name}.")
        return value.encode()
    path = base / Path(name if kind == "file" else reference).expanduser()
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingError(
            f"{setting} refers to {path}, which cannot be read", why=error.strerror or str(error),
            fix="Name a file that this user may read, or env:NAME.",
        ) from error  # fmt: skip
