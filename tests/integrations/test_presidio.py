"""Presidio, where it is not installed."""

from importlib.util import find_spec

import pytest

from loopwright.errors import MissingExtraError
from loopwright.integrations.presidio import Presidio
from loopwright.llm.guards.declarations import personal_data
from loopwright.llm.guards.runner import GuardRunner

pytestmark = pytest.mark.skipif(find_spec("presidio_analyzer") is not None, reason="it is installed")


def test_a_guard_that_needs_it_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match="presidio") as refused:
        GuardRunner([personal_data(engine="presidio")])
    assert "pip install" in refused.value.fix
    with pytest.raises(MissingExtraError):
        Presidio(["person"])
