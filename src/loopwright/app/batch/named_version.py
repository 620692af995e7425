"""Which version a person means: NAME@champion, NAME@previous, NAME@candidate, NAME@ and a digest's beginning."""

from loopwright.app.arms import current_arms
from loopwright.app.versions import registered_version
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError
from loopwright.registry.alias import CHAMPION, alias_history, alias_target

_CANDIDATES = ("canary", "variant", "shadow")


def named_version(workspace: Workspace, text: str) -> tuple[str, Digest]:
    """The model's name and the version's digest.

    Args:
        workspace: The project's workspace.
        text: `NAME`, or `NAME@` and an alias, `previous` (the champion before this one), `candidate` (the version on
            trial), a number, or at least six letters of a digest. Without a name, the home's only model.

    Raises:
        NotFoundError: There is no such model or version, or a name is needed.
    """
    name, _, alias = text.partition("@")
    name, alias = name or _only_model(workspace), alias or CHAMPION
    special = {"previous": _previous, "candidate": _candidate}.get(alias)
    found = special(workspace, name) if special else None
    return name, found or registered_version(workspace, name, alias)


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
