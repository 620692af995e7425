"""`loopwright new`: a project from a template. Everything is written beside the target first and renamed at the end."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from loopwright.core.environment import child_environment
from loopwright.errors import UsageError, UserError

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PREPARE = "get_data.py"


class NewProject(msgspec.Struct, frozen=True, kw_only=True):
    """What was made."""

    project: str
    template: str
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


def template_names() -> tuple[str, ...]:
    """Every template, sorted."""
    return tuple(sorted(folder.name for folder in TEMPLATES.iterdir() if (folder / "loop.py").is_file()))


def new_from_template(target: Path, template: str) -> NewProject:
    """Make a project in `target`, which must not exist or be empty.

    Raises:
        UsageError: No such template, or the folder is not empty.
        UserError: The template's data could not be made.
    """
    if template not in template_names():
        raise UsageError(f"there is no template {template!r}", fix=f"Choose one of: {', '.join(template_names())}.")
    with staged(target) as folder:
        shutil.copytree(TEMPLATES / template, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        if (folder / PREPARE).is_file():
            _prepare(folder)
    return NewProject(project=str(target), template=template, files=listing(target))


class staged:  # noqa: N801 - reads as a statement
    """A folder beside `target` that becomes `target` when the block ends, and goes when it fails."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> Path:
        if self._target.exists() and (not self._target.is_dir() or any(self._target.iterdir())):
            raise UsageError(
                f"{self._target} is there already and is not empty", fix="Choose another name, or empty the folder."
            )
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f".{self._target.name}-", dir=self._target.parent))
        return self._folder

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            return
        self._folder.chmod(0o755)
        if self._target.exists():
            self._target.rmdir()
        self._folder.rename(self._target)


def listing(folder: Path) -> tuple[str, ...]:
    """The files of a new project, relative to it, sorted."""
    return tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))


def _prepare(folder: Path) -> None:
    """Let the template make its data, with its own script, which stays in the project for the user to read."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and the template's own script
        [sys.executable, PREPARE], cwd=folder, env=child_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip()
        raise UserError(
            f"{PREPARE} of the template failed",
            why=said.rpartition("\n")[2],
            fix="Correct what it says, then run again.",
            output=said[-2000:],
        )
