"""What evaluations said of a prompt: verdicts about it, or about applications that hold it."""

from collections.abc import Iterator

import msgspec

from loopwright.app.applications.bundle import PART
from loopwright.app.evaluations.results import kept_results
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Verdict
from loopwright.errors import StoreError
from loopwright.formats.value import get_value
from loopwright.llm.application import KIND as APPLICATION
from loopwright.llm.application import Application
from loopwright.registry.bundle import read_manifest
from loopwright.registry.judgement import KIND as JUDGEMENT
from loopwright.registry.judgement import Judgement

_MOST = 1_000


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict: of what, and when."""

    verdict: Verdict
    candidate: Digest
    at: Micros


def last_verdict(workspace: Workspace, prompt: Digest, *, evaluation: str) -> Said | None:
    """The newest verdict of an evaluation on a prompt, by itself or within an application; None where there is none.

    Of an application, the gate's judgements and the results of `loopwright eval run` count.

    Args:
        workspace: The workspace.
        prompt: The prompt's digest.
        evaluation: The evaluation's name, as gates and results show it.
    """
    held: dict[Digest, bool] = {}
    for said in sorted(_said(workspace, evaluation), key=lambda one: -one.at):
        if said.candidate not in held:
            held[said.candidate] = said.candidate == prompt or prompt_in(workspace, said.candidate) == prompt
        if held[said.candidate]:
            return said
    return None


def prompt_in(workspace: Workspace, bundle: Digest) -> Digest | None:
    """The digest of the prompt that an application's bundle holds; None where it holds none or is no application."""
    blobs = workspace.stores.blobs
    try:
        manifest = read_manifest(blobs, bundle)
        if manifest.kind != APPLICATION:
            return None
        application = msgspec.convert(get_value(blobs, manifest.parts[PART]), Application)
    except (StoreError, msgspec.ValidationError, msgspec.DecodeError):
        return None
    return application.prompt.digest if application.prompt is not None else None


def _said(workspace: Workspace, evaluation: str) -> Iterator[Said]:
    for record in workspace.stores.ledger.search(JUDGEMENT, where={"namespace": workspace.namespace}, limit=_MOST):
        judgement = msgspec.convert(record.data, Judgement)
        for verdict in judgement.verdicts:
            if verdict.check == evaluation:
                yield Said(verdict=verdict, candidate=judgement.candidate, at=record.at)
    for kept in kept_results(workspace, evaluation=evaluation, limit=_MOST):
        if kept.verdict is not None:
            yield Said(verdict=kept.verdict, candidate=kept.version, at=kept.at)
