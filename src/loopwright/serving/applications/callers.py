"""The callers of one version: one, or for a route that takes any model of its upstreams one for each model."""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from loopwright.errors import RequestRefusedError
from loopwright.llm.calling.caller import Caller
from loopwright.llm.route import Route

ANY_MODEL = "*"
"""What a route calls the model of an upstream that is asked for whichever model the caller names."""
_MOST_MODELS = 256
_LONGEST_NAME = 256


def takes_any_model(route: Route) -> bool:
    """Whether callers name the upstreams' model themselves."""
    return any(upstream.model == ANY_MODEL for upstream in route.upstreams)


def route_for(route: Route, model: str) -> Route:
    """The route with the model that a caller named in place of `*`."""
    upstreams = tuple(
        msgspec.structs.replace(one, model=model) if one.model == ANY_MODEL else one for one in route.upstreams
    )
    return msgspec.structs.replace(route, upstreams=upstreams)


class Callers:
    """Gives calls their caller. Lives on one event loop.

    Args:
        route: The application's.
        make: Makes a caller of a route.
    """

    def __init__(self, route: Route, make: Callable[[Route], Caller]) -> None:
        self._route = route
        self._make = make
        self._one = None if takes_any_model(route) else make(route)
        self._by_model: OrderedDict[str, Caller] = OrderedDict()

    def of(self, model: str) -> Caller:
        """The caller of a call that names `model`. Raises RequestRefusedError where no upstream has such a name."""
        if self._one is not None:
            return self._one
        if len(model) > _LONGEST_NAME:
            raise RequestRefusedError(
                f"the model's name has {len(model)} characters", why=f"at most {_LONGEST_NAME} are taken",
                fix="Name a model of the upstream.", field="model",
            )  # fmt: skip
        known = self._by_model.get(model)
        if known is None:
            if len(self._by_model) >= _MOST_MODELS:
                self._by_model.popitem(last=False)
            known = self._by_model[model] = self._make(route_for(self._route, model))
        return known
