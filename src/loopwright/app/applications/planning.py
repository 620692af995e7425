"""What a run would judge: the application as declared now, beside the champion."""

import msgspec

from loopwright.app.applications.changes import Change, changes
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.llm.application import Application
from loopwright.llm.retrieval.draft import Changes
from loopwright.llm.retrieval.draft import changes as document_changes
from loopwright.llm.retrieval.packed import Packed
from loopwright.llm.retrieval.reading import read_corpus
from loopwright.serving.applications.bundle import read_application


class ApplicationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is different from the champion.

    Attributes:
        first: Whether there is no champion yet.
        changes: Of the declaration, by path.
        documents: Of the corpus; None where the application retrieves nothing, or the champion did not.
    """

    first: bool
    changes: tuple[Change, ...] = ()
    documents: Changes | None = None

    @property
    def unchanged(self) -> bool:
        """Whether a run would make the champion again, as far as the declaration and the documents' bytes tell."""
        same = self.documents is None or not (self.documents.added or self.documents.changed or self.documents.removed)
        return not self.first and not self.changes and same


def plan_application(workspace: Workspace, loaded: LoadedLoop, application: Application) -> ApplicationPlan:
    """Compare the declared application with the champion; nothing is built, and nobody is asked.

    Raises:
        SourceError: The corpus cannot be read.
        ModelLoadError: The champion cannot be read.
    """
    champion = champion_of(workspace, loaded.loop.name)
    if champion is None:
        return ApplicationPlan(first=True)
    before, index = read_application(workspace.stores.blobs, champion)
    documents = None
    declared = loaded.indexes.get(application.retrieval.index) if application.retrieval is not None else None
    if declared is not None and index is not None:
        known = {row.name: row.digest for row in Packed(workspace.stores.blobs, index).documents}
        documents = document_changes(read_corpus(declared, workspace.project).documents, known)
    return ApplicationPlan(first=False, changes=changes((before, None), (application, None)), documents=documents)
