"""Loading the user's loop file, and finding what it declares."""

import importlib.util
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from loopwright.app.loop import Loop
from loopwright.data.dataset import Dataset
from loopwright.errors import LoopFileError, LoopwrightError


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLoop:
    """A loop file in memory."""

    path: Path
    project: Path
    module: ModuleType
    loop: Loop
    datasets: dict[str, Dataset]


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` with a `loop.py`, else `start` itself."""
    for folder in (start, *start.parents):
        if (folder / "loop.py").is_file():
            return folder
    return start


def load_loop(path: Path, project: Path) -> LoadedLoop:
    """Import the loop file under the name by which the project's other files import it.

    Raises:
        LoopFileError: It is not there, has a syntax error, fails while importing, or declares no or several loops.
    """
    if not path.is_file():
        raise LoopFileError(
            f"there is no loop file at {path}",
            fix="Change to a project folder, name the file with --file, or make a project with `loopwright new NAME`.",
        )
    module = _import(path, project)
    loops = [value for value in vars(module).values() if isinstance(value, Loop)]
    named = getattr(module, "loop", None)
    if not isinstance(named, Loop):
        if len(loops) != 1:
            raise LoopFileError(f"{path} declares {len(loops)} loops", why="one `loop = lw.Loop(...)` is expected")
        named = loops[0]
    return LoadedLoop(path=path, project=project, module=module, loop=named, datasets=_datasets(project))


def _import(path: Path, project: Path) -> ModuleType:
    for folder in (str(path.parent), str(project)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LoopFileError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise LoopFileError(
            f"{error.filename or path}, line {error.lineno}: {error.msg}", why=(error.text or "").strip()
        ) from error
    except LoopwrightError:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary to the user's own code; it is reported, never swallowed
        raise _import_failure(error, path, project) from error
    return module


def _import_failure(error: Exception, path: Path, project: Path) -> LoopFileError:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(str(project))]
    where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else str(path)
    fix = ""
    if isinstance(error, ModuleNotFoundError):
        fix = f"Install the package that provides {error.name!r} in this environment, or correct the import."
    return LoopFileError(f"{where}: {type(error).__name__}: {error}", why="the loop file failed while it was imported", fix=fix)


def _datasets(project: Path) -> dict[str, Dataset]:
    """Every dataset declared at the top level of a first-party module that the loop file brought in."""
    found: dict[str, Dataset] = {}
    for module in list(sys.modules.values()):
        file: Any = getattr(module, "__file__", None)
        if not file or not str(file).startswith(str(project)) or "site-packages" in str(file):
            continue
        for value in vars(module).values():
            if isinstance(value, Dataset):
                if found.get(value.name, value) is not value:
                    raise LoopFileError(f"two datasets are named {value.name!r}", fix="Give each dataset a name of its own.")
                found[value.name] = value
    return found
