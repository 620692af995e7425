"""Prompts as files that people edit: Markdown with TOML in front.

```
+++
description = "Answers questions about our documentation."
variables = ["tone"]

[defaults]
tone = "friendly"

[parameters]
temperature = 0.2
+++

# system

You answer in a {{ tone }} tone, from these documents only.
{% for document in documents %}{{ document.text }}
{% endfor %}

# example

## user

Where is the log?

## assistant

In the home, in the table `requests`.

# user

{{ question }}
```

The headings `# system`, `# user`, `# example` and, within an example, `## user` and `## assistant` divide a text; other
headings are parts of it, and `\\# user` is one of these words as a heading of the text. A file without them is the
template of the user's message. White space around a part does not count.
"""

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import msgspec

from loopwright.core.codec import to_json
from loopwright.errors import PromptError
from loopwright.llm.prompts.prompt import GIVEN, Example, Prompt
from loopwright.llm.prompts.sandbox import compiled

MOST_BYTES = 4_194_304
_FENCE = "+++"
_HEADING = re.compile(r"^(#{1,2})[ \t]+(system|user|example|assistant)[ \t]*$", re.IGNORECASE)
_ESCAPED = re.compile(r"^\\(?=\\*#{1,2}[ \t]+(?:system|user|example|assistant)[ \t]*$)", re.IGNORECASE | re.MULTILINE)
_TO_ESCAPE = re.compile(r"^(?=\\*#{1,2}[ \t]+(?:system|user|example|assistant)[ \t]*$)", re.IGNORECASE | re.MULTILINE)
_TABLES = ("defaults", "parameters", "output")
_KNOWN = frozenset({"name", "description", "variables", *_TABLES})
_TOML_LINE = re.compile(r"\(at line (\d+)")


class _Part(NamedTuple):
    """One part of a body: the heading that it stands under, the line of that, and the lines after it."""

    heading: str
    line: int
    lines: list[str]

    @property
    def text(self) -> str:
        return _ESCAPED.sub("", "\n".join(self.lines).strip())


def prompt_file(path: str | Path, *, base: str | Path | None = None) -> Prompt:
    """The prompt that a file says.

    Args:
        path: The file, relative to `base`; it lies within it.
        base: A folder. None: that of the file that calls this function.

    Raises:
        PromptError: The file lies outside, cannot be read, or says no prompt.
    """
    return read_prompt_file(path, base=_folder_of_the_caller() if base is None else Path(base))[0]


def read_prompt_file(path: str | Path, *, base: Path) -> tuple[Prompt, str]:
    """The prompt that a file says, and the file's text.

    Raises:
        PromptError: The file lies outside of `base`, cannot be read, or says no prompt.
    """
    folder = base.resolve()
    there = (folder / path).resolve()
    if not there.is_relative_to(folder):
        raise PromptError(f"the prompt file {path} lies outside of {base}", fix="Move it into the project.")
    try:
        data = there.read_bytes()
        if len(data) > MOST_BYTES:
            raise PromptError(f"the prompt file {path} has more than {MOST_BYTES} bytes")
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"the prompt file {path} cannot be read", why=str(error)) from error
    return prompt_of_text(text, name=there.stem, where=str(path)), text


def prompt_of_text(text: str, *, name: str, where: str = "the text") -> Prompt:
    """The prompt that a text says.

    Args:
        text: As a file has it.
        name: The prompt's, where the text gives none.
        where: What errors call the text.

    Raises:
        PromptError: It says no prompt: which line, which variable.
    """
    lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    front, first = _front(lines, where)
    if odd := sorted({*front} - _KNOWN):
        raise PromptError(
            f"{where}, line {_line_of(lines, odd[0])}: {odd[0]!r} says nothing here",
            fix=f"The front matter has: {', '.join(sorted(_KNOWN))}.",
        )
    parts = _parts(lines, first)
    fields = {**front, "name": front.get("name", name), **_templates(parts, where)}
    variables = fields.get("variables", ())
    if not (isinstance(variables, list | tuple) and all(isinstance(variable, str) for variable in variables)):
        raise PromptError(f"{where}, line {_line_of(lines, 'variables')}: `variables` is a list of names")
    _check(parts, frozenset(variables) | GIVEN, where)
    for table in _TABLES:
        if isinstance(fields.get(table), str):
            fields[table] = _json_table(fields[table], f"{where}, line {_line_of(lines, table)}")
    try:
        return msgspec.convert(fields, Prompt)
    except msgspec.ValidationError as error:
        raise PromptError(f"{where} says no prompt", why=str(error)) from error
    except PromptError as error:
        raise PromptError(f"{where}: {error.what}", why=error.why, fix=error.fix) from error


def text_of_prompt(prompt: Prompt) -> str:
    """A prompt as a file says it; `prompt_of_text` of it is the prompt."""
    front = [f"name = {_quoted(prompt.name)}"]
    if prompt.description:
        front.append(f"description = {_quoted(prompt.description)}")
    if prompt.variables:
        front.append(f"variables = [{', '.join(map(_quoted, prompt.variables))}]")
    for table in _TABLES:
        value = getattr(prompt, table)
        if value or (table == "output" and value is not None):
            front.append(f"{table} = {_json_literal(value)}")
    body = [] if not prompt.system else [("# system", prompt.system)]
    for example in prompt.examples:
        body += [("# example", ""), ("## user", example.user), ("## assistant", example.assistant)]
    body.append(("# user", prompt.user))
    shown = "\n\n".join(f"{heading}\n\n{_TO_ESCAPE.sub(_BACKSLASH, text)}".strip() for heading, text in body)
    return "\n".join([_FENCE, *front, _FENCE, "", shown, ""])


_BACKSLASH = r"\\"


def _front(lines: list[str], where: str) -> tuple[dict[str, Any], int]:
    """The front matter, and the number of lines up to its end."""
    if lines[0].strip() != _FENCE:
        return {}, 0
    end = next((at for at, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE), None)
    if end is None:
        raise PromptError(f"{where}: the front matter has no end", fix=f"Write {_FENCE} on the line after it.")
    try:
        return tomllib.loads("\n".join(lines[1:end])), end + 1
    except tomllib.TOMLDecodeError as error:
        at = _TOML_LINE.search(str(error))
        line = int(at.group(1)) + 1 if at is not None else end
        raise PromptError(f"{where}, line {line}: the front matter is no TOML", why=str(error)) from error


def _parts(lines: list[str], first: int) -> list[_Part]:
    """The parts of the body; what stands before the first heading has none."""
    parts = [_Part("", first, [])]
    for number, line in enumerate(lines[first:], start=first + 1):
        heading = _HEADING.match(line)
        if heading is None:
            parts[-1].lines.append(line)
        else:
            parts.append(_Part(f"{heading.group(1)} {heading.group(2).lower()}", number, []))
    return parts


def _templates(parts: list[_Part], where: str) -> dict[str, Any]:
    if len(parts) == 1:
        return {"user": parts[0].text, "system": "", "examples": []}
    if parts[0].text:
        raise PromptError(
            f"{where}, line {parts[0].line + 1}: a text stands before the first heading",
            fix="Put it under `# system` or `# user`.",
        )
    once: dict[str, str] = {}
    examples: list[dict[str, str]] = []
    for part in parts[1:]:
        marks, name = part.heading.split()
        if name == "example" and marks == "#":
            examples.append({})
            continue
        known = ("system", "user") if marks == "#" else ("user", "assistant") if examples else ()
        place = once if marks == "#" else examples[-1] if examples else {}
        if name not in known or name in place:
            raise PromptError(
                f"{where}, line {part.line}: `{part.heading}` has no place here",
                fix="There is one `# system` and one `# user`; an `# example` has a `## user` and a `## assistant`.",
            )
        place[name] = part.text
    if "user" not in once or any(len(example) != 2 for example in examples):
        raise PromptError(f"{where} lacks {'`# user`' if 'user' not in once else 'a part of an example'}")
    return {"user": once["user"], "system": once.get("system", ""), "examples": [Example(**one) for one in examples]}


def _json_table(text: str, where: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise PromptError(f"{where}: this is no JSON object", why=str(error)) from error


def _json_literal(value: Any) -> str:
    text = _plain(msgspec.json.format(to_json(value), indent=2).decode())
    return f"'''\n{text}\n'''" if "'''" not in text else _quoted(text)


def _quoted(text: str) -> str:
    """A text as TOML says it; JSON says it in the same way but for one character."""
    return _plain(to_json(text).decode())


def _plain(text: str) -> str:
    """JSON without the one sign that TOML does not let stand for itself."""
    return text.replace("\x7f", "\\u007f")


def _line_of(lines: list[str], key: str) -> int:
    """The line of the front matter at which a key stands; the first where it is not found."""
    looks = re.compile(rf"\s*\[?\s*[\"']?{re.escape(key)}[\"']?\s*[\]=.]")
    return next((number for number, line in enumerate(lines, start=1) if looks.match(line)), 1)


def _check(parts: list[_Part], declared: frozenset[str], where: str) -> None:
    """Find what is wrong with a template, at the line of the file."""
    for part in parts:
        first = part.line + 1 + next((index for index, line in enumerate(part.lines) if line.strip()), 0)
        try:
            names = compiled(part.text).names
        except jinja2.TemplateSyntaxError as error:
            line = first + (error.lineno or 1) - 1
            raise PromptError(f"{where}, line {line}: this is no template", why=str(error.message)) from error
        for name in sorted(names - declared):
            looks = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
            line = next((first + at for at, row in enumerate(part.text.split("\n")) if looks.search(row)), first)
            raise PromptError(
                f"{where}, line {line}: {name!r} is used and not declared",
                fix=f"Add {name!r} to `variables` in the front matter.",
            )


def _folder_of_the_caller() -> Path:
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    file = frame.f_globals.get("__file__") if frame is not None else None
    return Path(file).parent if file else Path.cwd()
