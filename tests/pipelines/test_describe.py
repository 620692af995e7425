import datetime
import decimal
import functools
import math
import pathlib
import re

import numpy
import polars
import pytest

from loopwright.pipelines.describe import describe

DIFFERENT = [
    None, True, False, 0, 1, 1.0, "1", b"1", (1,), [1], {1}, frozenset({1}), {"a": 1}, {"a": 2}, {"b": 1}, range(3), 1j,
    decimal.Decimal(1), pathlib.Path("1"), datetime.date(2020, 1, 1), re.compile("1"), numpy.arange(3),
    numpy.arange(3.0), numpy.arange(4), functools.partial(len, 1), functools.partial(len, 2), math.nan,
]  # fmt: skip


def test_values_that_differ_have_tokens_that_differ():
    tokens = [repr(describe(value).token) for value in DIFFERENT]
    assert len(set(tokens)) == len(DIFFERENT)
    assert tokens == [repr(describe(value).token) for value in DIFFERENT]


def test_the_order_of_a_set_does_not_count():
    letters = [chr(97 + i) for i in range(20)]
    assert describe(set(letters)).token == describe(set(reversed(letters))).token


@pytest.mark.parametrize("value", [object(), open, type("X", (), {})()][::2])
def test_an_object_of_unknown_meaning_has_no_token(value):
    said = describe(value)
    assert said.missing
    assert not said.unknowable


def test_tables_and_huge_containers_cannot_be_known():
    assert describe(polars.DataFrame({"a": [1]})).unknowable
    assert describe(list(range(200_000))).unknowable


def test_functions_classes_and_modules_are_referred_to():
    def helper(): ...

    said = describe({"f": helper, "c": dict, "m": math})
    assert said.definitions == (helper, dict)
    assert said.modules == (math,)
