"""Formats are found by the module of a value's type; plug-ins that fail are named, never skipped."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from loopwright.errors import MissingExtraError, UnsupportedValueError
from loopwright.formats import catalogue
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.format import Format


class DateFormat(Format):
    name = "datetime"
    version = 2

    def handles(self, value: object) -> bool:
        return type(value) is dt.date

    def encode(self, value: Any) -> dict[str, bytes]:
        if value.year < 1900:
            raise ArithmeticError("too early")
        return {"date": value.isoformat().encode()}

    def decode(self, files: Mapping[str, bytes]) -> Any:
        if b"x" in files["date"]:
            raise ImportError("No module named 'calendars'", name="calendars")
        return dt.date.fromisoformat(files["date"].decode())


class Point:
    """An entry point that loads what it was given, or raises it."""

    value = "somewhere:FORMAT"

    def __init__(self, loads: Any) -> None:
        self._loads = loads

    def load(self) -> Any:
        if isinstance(self._loads, Exception):
            raise self._loads
        return self._loads


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(loads: Any) -> Catalogue:
        monkeypatch.setattr(catalogue, "_plugins", lambda: {"datetime": Point(loads)})
        catalogue._load.cache_clear()
        return Catalogue()

    yield install
    catalogue._load.cache_clear()


def test_plugin_takes_the_values_of_its_module_within_containers_too(plug: Any) -> None:
    found = plug(DateFormat())
    day = dt.date(2013, 4, 1)
    assert found.encode(day) == ("datetime/2", {"date": b"2013-04-01"})
    assert found.decode(*found.encode({"day": (day, 1)})) == {"day": (day, 1)}


def test_plugin_reads_what_its_earlier_version_wrote(plug: Any) -> None:
    assert plug(DateFormat()).decode("datetime/1", {"date": b"2013-04-01"}) == dt.date(2013, 4, 1)


def test_value_of_the_module_that_the_plugin_does_not_handle_is_refused(plug: Any) -> None:
    with pytest.raises(UnsupportedValueError, match=r"datetime\.timedelta"):
        plug(DateFormat()).encode(dt.timedelta(1))


def test_plugin_that_fails_to_write_is_told_with_its_reason(plug: Any) -> None:
    with pytest.raises(UnsupportedValueError) as caught:
        plug(DateFormat()).encode(dt.date(1800, 1, 1))
    assert caught.value.why == "ArithmeticError: too early"


def test_library_that_is_not_installed_is_named(plug: Any) -> None:
    with pytest.raises(MissingExtraError) as caught:
        plug(DateFormat()).decode("datetime/2", {"date": b"x"})
    assert "calendars" in caught.value.fix


@pytest.mark.parametrize("loads", [ImportError("broken"), RuntimeError("broken"), "no format", DateFormat])
def test_plugin_that_does_not_load_is_named(plug: Any, loads: Any) -> None:
    for work in (lambda found: found.encode(dt.date(2013, 4, 1)), lambda found: found.decode("datetime/1", {})):
        with pytest.raises(UnsupportedValueError, match="somewhere:FORMAT"):
            work(plug(loads))


def test_plugin_under_a_foreign_name_is_refused(plug: Any) -> None:
    class Other(DateFormat):
        name = "other"

    with pytest.raises(UnsupportedValueError, match="not a Format named 'datetime'"):
        plug(Other()).encode(dt.date(2013, 4, 1))


def test_lightgbm_comes_by_entry_point() -> None:
    pytest.importorskip("lightgbm")
    assert catalogue._plugins()["lightgbm"].value == "loopwright.integrations.lightgbm:FORMAT"
