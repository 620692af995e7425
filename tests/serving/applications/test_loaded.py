"""What a loaded version says of itself."""

from dataclasses import replace

import msgspec
from tests.serving.applications.stage import UPSTREAM, loaded

from loopwright.llm.route import Route


def test_a_version_with_a_key_at_any_upstream_may_cost_money():
    free = loaded()
    assert not free.paid
    paid = msgspec.structs.replace(UPSTREAM, name="other", key="env:KEY", weight=0.0)
    route = Route(upstreams=(UPSTREAM, paid))
    assert replace(free, application=msgspec.structs.replace(free.application, route=route)).paid
    assert not free.takes_any_model
