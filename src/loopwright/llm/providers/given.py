"""What the declaration of an upstream adds to every call of it: headers and parameters."""

from collections.abc import Mapping
from typing import Any

from loopwright.llm.route import Upstream

_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_CHOICES = ("n", "best_of")


def headers_of(upstream: Upstream) -> dict[str, str]:
    """What every request to the upstream says, without its key."""
    return {"content-type": "application/json", **{name.lower(): value for name, value in upstream.headers.items()}}


def parameters_of(upstream: Upstream, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the call left out.

    What the call may cost was bounded before: a number of answers is never added, nor a limit of tokens to a call that
    has one by any name.
    """
    limited = any(body.get(name) is not None for name in _LIMITS)
    without = (*_CHOICES, *_LIMITS) if limited else _CHOICES
    return {name: value for name, value in upstream.parameters.items() if name not in body and name not in without}
