"""Which version a person means: NAME@champion, NAME@previous, NAME@candidate, NAME@ and a digest's beginning."""

from loopwright.app.arms import current_arms
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError
from loopwright.registry.alias import CHAMPION, alias_history, alias_target, aliases
from loopwright.registry.version import versions

_SHORTEST = 6
_CANDIDATES = ("canary", "variant", "shadow")


def named_version(workspace: Workspace, text: str) -> tuple[str, Digest]:
    """The model's name and the version's digest.

    Args:
        workspace: The project's workspace.
        text: `NAME`, or `NAME@` and an alias, `previous` (the champion before this one), `candidate` (the version on
            trial) or at least six letters of a digest. Where the name is left out the home's only model is meant.

    Raises:
        NotFoundError: There is no such model or version, or a name is needed.
    """
    name, _, alias = text.partition("@")
    name = name or _only_model(workspace)
    alias = alias or CHAMPION
    found = alias_target(workspace.stores.ledger, name, alias=alias, namespace=workspace.namespace)
    if found is None and alias == "previous":
        found = _previous(workspace, name)
    if found is None and alias == "candidate":
        found = _candidate(workspace, name)
    found = found or _by_digest(workspace, name, alias)
    if found is None:
        known = ", ".join(sorted(aliases(workspace.stores.ledger, name, namespace=workspace.namespace)))
        raise NotFoundError(
            f"there is no version {name}@{alias}", why=f"{name!r} has {known}" if known else f"no model {name!r}"
        )
    return name, found


def _only_model(workspace: Workspace) -> str:
    prefix = f"{workspace.namespace}/model/"
    names = {ref.removeprefix(prefix).partition("@")[0] for ref in workspace.stores.ledger.refs(prefix)}
    if len(names) != 1:
        raise NotFoundError(
            f"this home has {len(names)} models", why=f"it has {', '.join(sorted(names))}" if names else "",
            fix="Name one, as --model NAME@champion." if names else "Run `loopwright run` first.",
        )  # fmt: skip
    return names.pop()


def _previous(workspace: Workspace, name: str) -> Digest | None:
    arms = current_arms(workspace, name)
    if arms is not None and arms.previous is not None:
        return arms.previous
    ledger, namespace = workspace.stores.ledger, workspace.namespace
    champion = alias_target(ledger, name, namespace=namespace)
    past = [move.to for move in alias_history(ledger, name, namespace=namespace) if move.to not in (None, champion)]
    return past[-1] if past else None


def _candidate(workspace: Workspace, name: str) -> Digest | None:
    arms = current_arms(workspace, name)
    return next((arm.version for arm in arms.arms if arm.role in _CANDIDATES), None) if arms is not None else None


def _by_digest(workspace: Workspace, name: str, beginning: str) -> Digest | None:
    if len(beginning) < _SHORTEST:
        return None
    known = versions(workspace.stores.ledger, name, namespace=workspace.namespace, limit=10_000)
    found = {version.digest for version in known if version.digest.startswith(beginning)}
    if len(found) > 1:
        raise NotFoundError(f"several versions of {name!r} begin with {beginning}", fix="Write more of the digest.")
    return found.pop() if found else None
