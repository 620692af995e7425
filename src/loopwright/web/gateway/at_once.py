"""One upstream behind the gateway at once, for any model that it has: no loop, no evaluation; the journal says so."""

from loopwright.app.applications.bundle import manifest_of_application
from loopwright.app.arms import alone, current_arms
from loopwright.app.champion import Change, move_champion
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import UsageError
from loopwright.llm.application import Application
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import put_bundle
from loopwright.release.routing import Arms
from loopwright.serving.applications.bundle import is_application, read_application
from loopwright.serving.applications.callers import ANY_MODEL, takes_any_model

ENDPOINT = "upstream"
REASON = "served by hand, not judged: loopwright gateway --upstream"


def serve_upstream(workspace: Workspace, *, url: str, api: str = "openai", key: str = "") -> Digest:
    """Make an upstream the champion of the endpoint `upstream`; the version that stands for it.

    Args:
        workspace: Of the project, or of a home made for it.
        url: The upstream's, with its version.
        api: The protocol that it speaks.
        key: Where its key is, as `env:NAME`; empty for none.

    Raises:
        UsageError: The url, the api or the key is none, or an endpoint of that name is something else.
    """
    if api not in ("openai", "anthropic", "gemini"):
        raise UsageError(f"{api!r} is no protocol of upstreams", fix="Use openai, anthropic or gemini.")
    upstream = Upstream(name=ENDPOINT, url=url.rstrip("/"), model=ANY_MODEL, api=api, key=key)  # type: ignore[arg-type]
    application = Application(route=Route(upstreams=(upstream,)))
    blobs = workspace.stores.blobs
    version = put_bundle(blobs, manifest_of_application(workspace, application, index=None, made={}))
    arms = current_arms(workspace, ENDPOINT)
    if arms is None:
        before, following = None, Arms.only_champion(ENDPOINT, version)
    else:
        before = arms.champion.version
        if not (is_application(blobs, before) and takes_any_model(read_application(blobs, before)[0].route)):
            raise UsageError(
                f"the endpoint {ENDPOINT!r} of this home is a loop's", fix="Serve the upstream from another home."
            )
        following = alone(arms, version, previous=None)
    if before != version:
        change = Change(endpoint=ENDPOINT, before=before, after=version, reason=REASON, actor=workspace.actor)
        move_champion(workspace, change, following)
    return version
