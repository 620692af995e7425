"""A workspace over a project of documents."""

import pytest

from loopwright.app.workspace import open_workspace
from loopwright.llm.retrieval.index import Index

INDEX = Index("docs", source="docs/**/*.md")


def write(workspace, name, text):
    path = workspace.project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(tmp_path, create=True)
    write(opened, "docs/a.md", "# Keys\n\nMake an API key and revoke it.")
    write(opened, "docs/b.md", "# Canary\n\nA canary gets a share of the traffic.")
    yield opened
    opened.close()
