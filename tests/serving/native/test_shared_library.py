import ctypes

import pytest

from loopwright.errors import MissingExtraError
from loopwright.serving.native import shared_library as module
from loopwright.serving.native.shared_library import shared_library


def test_it_is_the_library_that_the_package_loads():
    from lightgbm.basic import _LIB

    assert shared_library("lightgbm", "lib_lightgbm")._handle == _LIB._handle


def test_a_package_that_is_not_installed_is_named_with_its_extra():
    with pytest.raises(MissingExtraError, match="a_package_of_nobody"):
        shared_library("a_package_of_nobody", "lib")


def test_where_the_file_lies_elsewhere_the_package_is_asked(monkeypatch):
    monkeypatch.setattr(module, "_FOLDERS", ("nowhere",))
    found = shared_library.__wrapped__("lightgbm", "lib_lightgbm")
    assert isinstance(found, ctypes.CDLL)
