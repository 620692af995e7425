"""Routes that take any model of their upstream."""

import pytest

from loopwright.errors import RequestRefusedError
from loopwright.llm.route import Route, Upstream
from loopwright.serving.applications.callers import Callers, route_for, takes_any_model

ANY = Upstream(name="any", url="http://127.0.0.1:9/v1", model="*")
ONE = Upstream(name="one", url="http://127.0.0.1:9/v1", model="tiny")


def test_only_the_star_is_replaced():
    route = route_for(Route(upstreams=(ANY, ONE)), "large")
    assert [upstream.model for upstream in route.upstreams] == ["large", "tiny"]
    assert (takes_any_model(Route(upstreams=(ANY,))), takes_any_model(Route(upstreams=(ONE,)))) == (True, False)


def test_each_model_has_a_caller_of_its_own_and_the_oldest_is_let_go():
    made = []
    callers = Callers(Route(upstreams=(ANY,)), lambda route: made.append(route) or len(made))
    first = callers.of("a")
    assert callers.of("a") == first
    for number in range(300):
        callers.of(f"m{number}")
    assert callers.of("a") != first
    assert len(made) == 302


def test_a_route_of_one_model_has_one_caller():
    callers = Callers(Route(upstreams=(ONE,)), lambda route: object())
    assert callers.of("a") is callers.of("b")


def test_a_name_that_no_model_has_is_refused_and_not_kept():
    made = []
    callers = Callers(Route(upstreams=(ANY,)), lambda route: made.append(route) or len(made))
    with pytest.raises(RequestRefusedError) as refused:
        callers.of("m" * 257)
    assert (refused.value.context["field"], "mmm" in str(refused.value), made) == ("model", False, [])
    assert callers.of("m" * 256) == 1
