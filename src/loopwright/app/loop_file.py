"""Loading the user's loop file, and finding what it declares."""

import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

from loopwright.app.loop import Loop
from loopwright.data.dataset import Dataset
from loopwright.errors import LoopFileError, LoopwrightError, NoPermissionError
from loopwright.llm.retrieval.index import Index
from loopwright.pipelines.imported import RecordedLoader, record_imports
from loopwright.pipelines.modules import Owner, owner_of


class _Named(Protocol):
    """What has a name of its own."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLoop:
    """A loop file in memory."""

    path: Path
    project: Path
    module: ModuleType
    loop: Loop
    datasets: dict[str, Dataset]
    indexes: dict[str, Index] = field(default_factory=dict)


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
    if not os.access(path, os.R_OK):
        raise NoPermissionError(f"{path} may not be read")
    module = _import(path, project)
    loops = [value for value in vars(module).values() if isinstance(value, Loop)]
    named = getattr(module, "loop", None)
    if not isinstance(named, Loop):
        if len(loops) != 1:
            raise LoopFileError(f"{path} declares {len(loops)} loops", why="one `loop = lw.Loop(...)` is expected")
        named = loops[0]
    values = list(_named_in(module, seen=set()))
    return LoadedLoop(
        path=path,
        project=project,
        module=module,
        loop=named,
        datasets=_by_name("datasets", [value for value in values if isinstance(value, Dataset)]),
        indexes=_by_name("indexes", [value for value in values if isinstance(value, Index)]),
    )


def _import(path: Path, project: Path) -> ModuleType:
    for folder in (str(path.parent), str(project)):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    record_imports()
    spec = importlib.util.spec_from_file_location(path.stem, path, loader=RecordedLoader(path.stem, str(path)))
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
    except Exception as error:
        raise _import_failure(error, path, project) from error
    return module


def _import_failure(error: Exception, path: Path, project: Path) -> LoopFileError:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(str(project))]
    where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else str(path)
    fix = ""
    if isinstance(error, ModuleNotFoundError):
        fix = f"Install the package that provides {error.name!r} in this environment, or correct the import."
    return LoopFileError(
        f"{where}: {type(error).__name__}: {error}", why="the loop file failed while it was imported", fix=fix
    )


def _by_name(what: str, named: list[N]) -> dict[str, N]:
    found: dict[str, N] = {}
    for one in named:
        if found.setdefault(one.name, one) is not one:
            raise LoopFileError(f"two {what} are named {one.name!r}", fix="Give each a name of its own.")
    return found


def _named_in(module: ModuleType, *, seen: set[str]) -> Iterator[Any]:
    """Datasets and indexes that the loop file names: by themselves, as sources of feature views, or in its modules."""
    seen.add(module.__name__)
    for value in list(vars(module).values()):
        source = getattr(value, "source", None) if type(value).__name__ == "FeatureView" else value
        if isinstance(source, Dataset | Index):
            yield source
        elif isinstance(value, ModuleType) and value.__name__ not in seen and owner_of(value) is Owner.FIRST_PARTY:
            yield from _named_in(value, seen=seen)
