"""A home for each test, and a local upstream."""

import pytest
from tests.web.gateway.gateways import new_home

from loopwright.testing.upstream_server import LocalUpstream


@pytest.fixture
def home(tmp_path):
    made = new_home(tmp_path)
    yield made
    made.stores.close()


@pytest.fixture
def upstream():
    with LocalUpstream() as server:
        yield server
