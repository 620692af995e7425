"""Importing first-party modules so that it is known which text was imported, whatever happens to the file later."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.pipelines.modules import Owner, owner_of_file


class RecordedLoader(SourceFileLoader):
    """Loads a module from its source and keeps the digest of what it read.

    Cached bytecode is neither read nor written: it is checked by whole seconds, so that of a source edited twice in one
    second the older text would run.
    """

    digest: Digest | None = None

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        data = self.get_data(path)
        self.digest = digest_bytes(data)
        code: CodeType = self.source_to_code(data, path)
        return code


class RecordingFinder:
    """Finds modules as Python does, and has first-party ones loaded by a `RecordedLoader`."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
            return spec
        if owner_of_file(spec.origin) is Owner.FIRST_PARTY:
            spec.loader = RecordedLoader(name, spec.origin)
        return spec


def record_imports() -> None:
    """From now on, first-party modules that this process imports are recorded. Calling it twice is the same as once."""
    if RecordingFinder not in sys.meta_path:
        sys.meta_path.insert(0, RecordingFinder)


def imported_digest(module: ModuleType) -> Digest | None:
    """The digest of the text that was imported; None where the import was not recorded."""
    spec = getattr(module, "__spec__", None)
    loader = getattr(module, "__loader__", None) or (spec.loader if spec else None)
    return loader.digest if isinstance(loader, RecordedLoader) else None
