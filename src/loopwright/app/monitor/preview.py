"""A drift rule tried on what the champion was made from, before anyone is called by it."""

import msgspec
import numpy as np

from loopwright.app.loop import Loop
from loopwright.app.versions import champion_of, manifest_of, reference_of, resolve_version
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError
from loopwright.monitoring.preview import Effort, Preview, Progress, preview
from loopwright.monitoring.rules.drift import DriftRule, drift


class PreviewOfRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule of the loop would cost and catch.

    Attributes:
        endpoint: Whose model.
        version: The one whose reference was taken.
        check: The rule's name.
        preview: What was found.
    """

    endpoint: str
    version: str
    check: str
    preview: Preview


def preview_rule(
    workspace: Workspace,
    loop: Loop,
    *,
    window: str | None = None,
    version: str | None = None,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> PreviewOfRule:
    """Try the loop's first drift rule, or the default one, on a version's reference. Nothing is written.

    Args:
        workspace: Where the version is.
        loop: Whose rules.
        window: Instead of the rule's own.
        version: `NAME@ALIAS` or a digest; the champion when None.
        effort: How much to try.
        progress: Told now and then.

    Raises:
        NotFoundError: There is no such version, or its bundle has no reference.
        UsageError: The window is none.
    """
    digest = resolve_version(workspace, version) if version else champion_of(workspace, loop.name)
    reference = None if digest is None else reference_of(workspace, manifest_of(workspace, digest))
    if digest is None or reference is None:
        raise NotFoundError(
            f"{loop.name} has no version with a reference to try rules on",
            fix="Run `loopwright run`; the model it packages keeps what its world looked like.",
        )
    rule = drift_rule_of(loop, window)
    found = preview(reference, rule, rng=np.random.default_rng(0), effort=effort, progress=progress)
    return PreviewOfRule(endpoint=loop.name, version=digest, check=rule.name, preview=found)


def drift_rule_of(loop: Loop, window: str | None = None) -> DriftRule:
    """The first drift rule that the loop declares, or the default one, with another window where one is given."""
    rule = next((rule for rule in loop.monitor if isinstance(rule, DriftRule)), drift())
    if window is None:
        return rule
    drift(window=window, reference=rule.reference)  # refuses what is no window
    return msgspec.structs.replace(rule, window=window)
