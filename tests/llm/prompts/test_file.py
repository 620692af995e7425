"""Prompts as files that people edit."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import PromptError
from loopwright.llm.prompts.file import prompt_file, prompt_of_text, read_prompt_file, text_of_prompt
from loopwright.llm.prompts.prompt import Example, Prompt

FILE = """+++
description = "Answers questions."
variables = ["tone"]

[defaults]
tone = "friendly"

[parameters]
temperature = 0.2

[output]
type = "object"
+++

# system

You are {{ tone }}.

# Rules

1. Be brief.

# example

## user

Where?

## assistant

Here.

# user

{{ question }}
"""


def test_a_file_says_a_prompt() -> None:
    made = prompt_of_text(FILE, name="answer")
    assert made == Prompt(
        name="answer", description="Answers questions.", variables=("tone",), defaults={"tone": "friendly"},
        parameters={"temperature": 0.2}, output={"type": "object"},
        system="You are {{ tone }}.\n\n# Rules\n\n1. Be brief.", examples=(Example(user="Where?", assistant="Here."),),
        user="{{ question }}",
    )  # fmt: skip


def test_a_file_of_text_alone_is_the_users_message() -> None:
    assert prompt_of_text("Say {{ question }}\n", name="say") == Prompt(name="say", user="Say {{ question }}")


def test_line_ends_of_another_system_change_nothing() -> None:
    assert prompt_of_text(FILE.replace("\n", "\r\n"), name="answer") == prompt_of_text(FILE, name="answer")


templates = (
    st.text(alphabet="ab #\\\n'\"+\u00e9userystm", max_size=40)
    .map(str.strip)
    .filter(lambda text: "{" not in text and "#}" not in text)
)
values = st.dictionaries(
    st.text(max_size=4), st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6), max_size=3
)


@settings(max_examples=300, deadline=None)
@given(
    templates,
    templates,
    st.lists(st.tuples(templates, templates), max_size=2),
    values,
    st.none() | values,
    st.text(max_size=9),
)
def test_a_prompt_that_is_written_and_read_is_the_same(user, system, examples, parameters, output, description) -> None:
    made = Prompt(
        name="p", user=user, system=system, parameters=parameters, output=output, description=description,
        examples=tuple(Example(user=one, assistant=other) for one, other in examples),
    )  # fmt: skip
    text = text_of_prompt(made)
    assert prompt_of_text(text, name="other") == made
    assert text_of_prompt(prompt_of_text(text, name="other")) == text


def test_a_heading_of_the_text_itself_is_written_with_a_backslash() -> None:
    made = prompt_of_text("# user\n\nBefore\n\\# user\n\\\\# system\nafter", name="p")
    assert made.user == "Before\n# user\n\\# system\nafter"
    assert prompt_of_text(text_of_prompt(made), name="p") == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+++\nname = 'x'\n# user\nhi", "no end"),
        ("+++\nname = \n+++\nhi", "line 2"),
        ("+++\n\ncolour = 'x'\n+++\nhi", "line 3: 'colour'"),
        ("+++\nvariables = 'x'\n+++\nhi", "line 2"),
        ("+++\noutput = '[1]'\n+++\nhi", "line 2"),
        ("+++\nname = 'x'\n+++\n\n# system\n\nok\n\n# user\n\na\n{{ tone }}", "line 12: 'tone'"),
        ("# user\n\nfine\n{% if %}", "line 4"),
        ("before\n# user\nhi", "line 1"),
        ("# user\na\n# user\nb", "line 3"),
        ("## user\na\n# user\nb", "line 1"),
        ("# system\na", "lacks `# user`"),
        ("# example\n## user\na\n# user\nb", "lacks a part of an example"),
        ("# assistant\na\n# user\nb", "line 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(PromptError) as refused:
        prompt_of_text(text, name="p", where="p.md")
    assert said in refused.value.what
    assert refused.value.what.startswith("p.md")


def test_a_file_lies_within_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "outside.md").write_text("secret")
    (folder / "in.md").write_text("hi")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    assert prompt_file("in.md", base=folder).user == "hi"
    assert read_prompt_file("in.md", base=folder)[1] == "hi"
    for path in ("../outside.md", str(tmp_path / "outside.md"), "link.md"):
        with pytest.raises(PromptError, match="outside"):
            prompt_file(path, base=folder)
    with pytest.raises(PromptError, match="cannot be read"):
        prompt_file("none.md", base=folder)
    (folder / "bytes.md").write_bytes(b"\xff\xfe")
    with pytest.raises(PromptError, match="cannot be read"):
        prompt_file("bytes.md", base=folder)


def test_a_path_is_relative_to_the_file_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "answer.md").write_text("hi")
    namespace = {"__file__": str(tmp_path / "loop.py"), "__name__": "loop", "prompt_file": prompt_file}
    exec("made = prompt_file('answer.md')", namespace)
    assert namespace["made"] == Prompt(name="answer", user="hi")
