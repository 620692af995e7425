"""A project with an LLM application that the built-in model answers."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from loopwright.app.loop_file import LoadedLoop, load_loop
from loopwright.app.workspace import Workspace, open_workspace

LOOP = '''
    import loopwright as lw
    from loopwright import evals, llm

    PROMPT = llm.Prompt(
        name="answer",
        system="""{instruction}
    {{% for d in documents %}}<document id="{{{{ d.document }}}}">{{{{ d.text }}}}</document>
    {{% endfor %}}""",
        user="Question: {{{{ question }}}}",
    )
    docs = llm.Index("docs", source="docs/*.md", chunk=llm.chunks(words=60, overlap=0))
    loop = lw.Loop(
        "bot",
        application=llm.Application(
            route=llm.Route(upstreams=({upstream},)),
            prompt=PROMPT,
            retrieval=llm.Retrieval(index="docs", limit={limit}),
            example={{"messages": [{{"role": "user", "content": "How is a key revoked?"}}]}},
        ),
        gate=[{gate}],
        release={release},
    )
'''
GATE = 'evals.evaluation("cases.jsonl", evals.contains(), at_least={at_least}, margin={margin}, name="cases")'
CASES = """
{"id": "revoke", "question": "How is a key revoked?", "expected": "key revoke"}
{"id": "secret", "question": "What is kept of a secret?", "expected": "digest"}
{"id": "tls", "question": "Which version of TLS do the ports speak?", "expected": "1.2"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/keys.md").write_text(
        "# Keys\n\nA key is revoked with `loopwright key revoke`.\n\nOnly the digest of a secret is kept.\n"
    )
    (tmp_path / "docs/tls.md").write_text("# TLS\n\nThe ports speak TLS 1.2 or newer.\n")
    (tmp_path / "cases.jsonl").write_text(CASES.lstrip())
    return tmp_path


Declare = Callable[..., tuple[Workspace, LoadedLoop]]


@pytest.fixture
def declare(project: Path) -> Declare:
    """Writes the loop file, with some things as asked for, and loads it."""

    def made(**given: object) -> tuple[Workspace, LoadedLoop]:
        said = {
            "instruction": "Answer from the documents.", "limit": 3, "release": "None", "at_least": 0.9,
            "upstream": "llm.builtin_model()", "margin": None,
        } | given  # fmt: skip
        gate = said.pop("gate", GATE).format(**said)  # type: ignore[attr-defined]
        (project / "loop.py").write_text(textwrap.dedent(LOOP.format(gate=gate, **said)))
        return open_workspace(project, create=True), load_loop(project / "loop.py", project)

    return made
