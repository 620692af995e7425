"""Finding what an import statement inside of code names."""

import importlib
import importlib.util
import sys
from types import ModuleType

from loopwright.pipelines.modules import Owner, owner_of
from loopwright.pipelines.names import Imported


def absolute_name(said: Imported, module: str) -> str:
    """The full name of the module that an import in `module` names."""
    if not said.level:
        return said.module
    package = sys.modules[module].__package__ or ""
    return importlib.util.resolve_name("." * said.level + said.module, package)


def find_module(name: str) -> ModuleType | str | None:
    """The module where it is loaded or first-party; its name where it is installed and not loaded, or not there at all;
    None where it is of the standard library."""
    if name in sys.modules:
        return sys.modules[name]
    top = name.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None:
        return name
    origin = spec.origin or next(iter(spec.submodule_search_locations or [""]))
    stand_in = ModuleType(top)
    stand_in.__file__ = origin
    if owner_of(stand_in) is Owner.STANDARD:
        return None
    return importlib.import_module(name) if owner_of(stand_in) is Owner.FIRST_PARTY else name


def is_installed(module: str) -> bool:
    """Whether an import of the module's top level would find something."""
    return importlib.util.find_spec(module.partition(".")[0]) is not None
