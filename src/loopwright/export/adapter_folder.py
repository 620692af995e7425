"""The folder that an adapter is exported to: its files, and what a serving system needs beside them."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from loopwright.errors import UsageError
from loopwright.export.adapter import Adapter
from loopwright.formats.value import write_files
from loopwright.store.backends.os_errors import named_os_errors

FOLDER = "adapter"


def write_adapter(adapter: Adapter, folder: Path, *, beside: Mapping[str, str]) -> tuple[str, ...]:
    """Write `adapter/…` and further texts as `folder`, which appears whole or not at all.

    Args:
        adapter: What is exported.
        folder: Where; it must not exist, or be empty.
        beside: Texts by file name; one whose name ends in `.sh` may be executed.

    Returns:
        The files' paths in the folder, sorted.

    Raises:
        UsageError: Something is there.
        NoSpaceError, NoPermissionError: It cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and is not empty", fix="Name another folder, or empty it.")
    with named_os_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            write_files(building / FOLDER, adapter.files)
            for name, text in beside.items():
                (building / name).write_text(text, encoding="utf-8")
                (building / name).chmod(0o755 if name.endswith(".sh") else 0o644)
            building.chmod(0o755)
            os.replace(building, folder)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))
