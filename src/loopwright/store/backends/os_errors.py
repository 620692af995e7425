"""Names what the operating system said when a file could not be written or read."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loopwright.errors import LoopwrightError, NoPermissionError, NoSpaceError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
NAMED = (*_FULL, *_DENIED)
"""What has a name of its own; anything else is a `StoreError`."""


def os_error(error: OSError, path: "Path") -> LoopwrightError:
    """The error of our tree that says what `error` means."""
    why = error.strerror or str(error)
    if error.errno in _FULL:
        return NoSpaceError(f"the disk that holds {path} is full", why=why, path=str(path))
    if error.errno in _DENIED:
        return NoPermissionError(f"{path} may not be read or written", why=why, path=str(path))
    return StoreError(f"{path} could not be read or written", why=why, path=str(path))


@contextmanager
def named_os_errors(path: "Path") -> Iterator[None]:
    """Raise OSError of the block as an error of our tree; FileNotFoundError passes as it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise os_error(error, path) from error
