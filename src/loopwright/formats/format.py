"""The format seam: how one family of types becomes named files and comes back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeModel:
    """A model in its library's own form, for a process that only asks it.

    Attributes:
        library: `lightgbm`, `xgboost` or `onnx`.
        data: The library's own file.
        iterations: Boosting iterations that count; 0 or less: all.
        missing: The value that stands for a null.
    """

    library: str
    data: bytes
    iterations: int = 0
    missing: float = float("nan")


class Format(ABC):
    """A codec for one family of types.

    Importing the module that holds a format imports none of the libraries it speaks for; `encode` and `decode` do.
    Equal values give equal files, in every process: no addresses, no times, no hash order. `decode` never runs code
    that the files bring along, except in the pickle format, which is used only where it is trusted.
    """

    name: str
    """Unique among formats; stored with every value."""

    version: int = 1
    """Raised when `encode` writes other files; `decode` goes on reading the versions before."""

    @abstractmethod
    def handles(self, value: object) -> bool:
        """Whether `encode` takes this value. Called only for values of the modules it is registered for."""

    @abstractmethod
    def encode(self, value: Any) -> dict[str, bytes]:
        """The value as files by relative path. Raises UnsupportedValueError, UntrustedFormatError."""

    @abstractmethod
    def decode(self, files: Mapping[str, bytes]) -> Any:
        """The value again. Whatever it raises but a LoopwrightError is reported as BlobCorruptError."""

    def native(self, files: Mapping[str, bytes]) -> "NativeModel | Any":  # noqa: ARG002 - most formats have none
        """What a serving process needs of the files, where that takes less than `decode`: no estimator, no package."""
        return None

    @property
    def label(self) -> str:
        """`name/version`, as stored."""
        return f"{self.name}/{self.version}"


def type_name(value: object) -> str:
    """`module.qualname` of the value's type."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"
