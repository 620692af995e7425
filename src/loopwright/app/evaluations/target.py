"""What is to be evaluated, as a person names it."""

from urllib.parse import urlsplit

import msgspec

from loopwright.app.versions import champion_of, registered_version
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError, UsageError
from loopwright.llm.route import Api, Route, Upstream
from loopwright.serving.applications.bundle import read_application

_APIS: tuple[Api, ...] = ("openai", "anthropic", "gemini")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that answers: a version of a loop's application, or a route; where neither, the answers that the cases
    bring along.

    Attributes:
        shown: As lists call it.
        loop: The loop's name.
        version: The version of its application.
        route: A model behind an address.
        paid: Whether asking it may cost money: an upstream of it needs a key.
    """

    shown: str
    loop: str = ""
    version: Digest | None = None
    route: Route | None = None
    paid: bool = False


GIVEN = Target(shown="answers that the cases bring along")


def endpoint_target(url: str, model: str, *, api: str = "openai", key: str = "") -> Target:
    """A model behind an address; see `endpoint_route`."""
    route = endpoint_route(url, model, api=api, key=key)
    return Target(shown=f"{model} at {urlsplit(url).netloc or url}", route=route, paid=bool(key))


def endpoint_route(url: str, model: str, *, api: str = "openai", key: str = "") -> Route:
    """The route to a model behind an address.

    Raises:
        UsageError: There is no model, no such protocol, the address is none, or the key is no reference.
    """
    known = next((one for one in _APIS if one == api), None)
    if known is None:
        raise UsageError(f"there is no protocol {api!r}", fix=f"Name {', '.join(_APIS)}.")
    if not model:
        raise UsageError("say which model to ask", fix="Add --model NAME.")
    return Route(upstreams=(Upstream(name="endpoint", url=url, model=model, api=known, key=key),))


def version_target(workspace: Workspace, loop: str, text: str | None) -> Target:
    """A version of a loop's application; its champion where none is named.

    Raises:
        NotFoundError: There is none.
        ModelLoadError: It is no version of an application.
    """
    version = registered_version(workspace, loop, text) if text else champion_of(workspace, loop)
    if version is None:
        raise NotFoundError(
            f"the loop {loop!r} has no champion", fix="Run `loopwright run` first, or name a version with --version."
        )
    application, _ = read_application(workspace.stores.blobs, version)
    paid = any(upstream.key for upstream in application.route.upstreams)
    return Target(shown=f"{loop}@{version[:12]}", loop=loop, version=version, paid=paid)
