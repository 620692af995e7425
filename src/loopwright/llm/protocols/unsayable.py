"""What one protocol says and another cannot: refused by name, never left out in silence."""

from collections.abc import Iterable, Mapping
from typing import Any

from loopwright.errors import UpstreamRefusedError


def unsayable(field: str, of: str) -> UpstreamRefusedError:
    """The error of a request that holds what its translation cannot say.

    Args:
        field: Where, as `tools.0.type`.
        of: What it would have to be said in, as `a chat`.
    """
    return UpstreamRefusedError(
        f"`{field}` cannot be said in {of}", why="the request must be translated for what answers it",
        fix="Leave the field out, or ask a version whose upstream speaks the protocol of the request.", field=field,
    )  # fmt: skip


def refuse(body: Mapping[str, Any], fields: Iterable[str], *, of: str) -> None:
    """Refuse a request that has one of these fields; one that is null, false or empty says nothing.

    Raises:
        UpstreamRefusedError: It has.
    """
    for field in fields:
        if body.get(field):
            raise unsayable(field, of)
