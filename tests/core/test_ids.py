"""Ids say what they name and cannot be guessed."""

import re

import pytest

from loopwright.core.ids import IdPool, random_id


@pytest.mark.parametrize("source", [random_id, IdPool()])
def test_an_id_is_a_prefix_and_128_bits(source) -> None:
    assert re.fullmatch(r"run_[0-9a-f]{32}", source("run"))


@pytest.mark.parametrize("source", [random_id, IdPool()])
def test_ids_differ(source) -> None:
    assert len({source("run") for _ in range(1000)}) == 1000
