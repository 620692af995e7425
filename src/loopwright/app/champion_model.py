"""`lw.champion_model()`: the champion's model as the input of a step, so that training may go on from there.

It is a source like a training set: its version is the digest of the champion's model, which is part of what identifies
the step and is pinned with the candidate, so that `reproduce` starts from the same model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loopwright.app.versions import champion_of, manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest, digest_value
from loopwright.formats.value import get_value
from loopwright.pipelines.step import source

KIND = "champion_model"
NONE: Digest = digest_value("no champion")


def champion_model() -> Any:
    """The champion's model, for use inside a pipeline; None in the loop's first run.

    Returns:
        A handle; a step that is given it gets the model itself, as the step that made it returned it.
    """
    return source(KIND, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionModels:
    """Satisfies `Source`.

    Attributes:
        workspace: Where the champion is.
        endpoint: The loop's name.
        pinned: The model to go by, for `reproduce`: a digest, or `NONE`; the champion's where None.
        seen: The champion's model as the first look found it, so that a promotion meanwhile waits for the next run.
    """

    workspace: Workspace
    endpoint: str
    pinned: Digest | None = None
    seen: dict[str, Digest] = field(default_factory=dict)

    def probe(self, spec: Mapping[str, Any]) -> Digest:  # noqa: ARG002 - the form of a source
        """The digest of the model, `NONE` where there is no champion."""
        if self.pinned is not None:
            return self.pinned
        return self.seen.setdefault(self.endpoint, self._newest())

    def load(self, spec: Mapping[str, Any]) -> Any:
        """The model, None where there is no champion.

        Raises:
            UntrustedFormatError: The model was pickled; a pickle is not loaded into this process.
        """
        digest = self.probe(spec)
        return None if digest == NONE else get_value(self.workspace.stores.blobs, digest)

    def _newest(self) -> Digest:
        champion = champion_of(self.workspace, self.endpoint)
        return NONE if champion is None else manifest_of(self.workspace, champion).parts["model"]
