import errno
from pathlib import Path

import pytest

from loopwright.errors import NoPermissionError, NoSpaceError, StoreError
from loopwright.store.backends.os_errors import named_os_errors

PATH = Path("/some/file")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, NoSpaceError),
        (errno.EDQUOT, NoSpaceError),
        (errno.EACCES, NoPermissionError),
        (errno.EROFS, NoPermissionError),
        (errno.EIO, StoreError),
    ],
)
def test_what_the_system_said_is_named_with_the_path(number, expected):
    with pytest.raises(StoreError) as named, named_os_errors(PATH):
        raise OSError(number, "said by the system")
    assert type(named.value) is expected
    assert named.value.why == "said by the system"
    assert str(PATH) in named.value.what


def test_absence_is_left_to_the_caller():
    with pytest.raises(FileNotFoundError), named_os_errors(PATH):
        raise FileNotFoundError(errno.ENOENT, "absent")


def test_other_errors_pass():
    with pytest.raises(KeyError), named_os_errors(PATH):
        raise KeyError("a")
