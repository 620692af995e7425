"""Ids say what they name and cannot be guessed."""

import re

from loopwright.core.ids import random_id


def test_an_id_is_a_prefix_and_128_bits() -> None:
    assert re.fullmatch(r"run_[0-9a-f]{32}", random_id("run"))


def test_ids_differ() -> None:
    assert len({random_id("run") for _ in range(1000)}) == 1000
