"""The C libraries inside Python packages, without the packages: those import pandas and scikit-learn, half a second."""

import ctypes
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from loopwright.errors import MissingExtraError

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_FOLDERS = ("lib", "bin", ".")


@cache
def shared_library(package: str, stem: str) -> ctypes.CDLL:
    """The library that the package would load.

    Args:
        package: An installed package, `lightgbm`.
        stem: The library's file name without its ending, `lib_lightgbm`.

    Raises:
        MissingExtraError: The package is not installed.
    """
    spec = find_spec(package)
    if spec is None:
        raise MissingExtraError(
            f"the package {package} is not installed", fix=f"Install it: pip install 'loopwright[{package}]'."
        )
    for root in spec.submodule_search_locations or ():
        for folder in _FOLDERS:
            path = Path(root) / folder / f"{stem}{_SUFFIX}"
            if path.is_file():
                return ctypes.CDLL(str(path))
    library: ctypes.CDLL = import_module(f"{package}.{_HOLDERS[package]}")._LIB
    return library


_HOLDERS = {"lightgbm": "basic", "xgboost": "core"}
