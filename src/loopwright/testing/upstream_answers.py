"""What the local upstream answers: worked out from the question, the same to the same question, never recorded.

In this order: the content of a tool's result; the call of a tool that the question names; a value of the schema that
was asked for; what a line `SAY: …` of the last message says; the sentence of the given documents that shares most
words with the question, quoted; else the last message itself.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

Say = Callable[["Question"], str | None]
"""A test's own words for an answer; None where it leaves the answer to the rules above."""
_PIECE = re.compile(r"\s*\S+|\s+$")
_DOCUMENT = re.compile(r"<document\b[^>]*>(.*?)</document>", re.DOTALL)
_NUMBERED = re.compile(r"^\[\d+\] +(.+)$", re.MULTILINE)
_SAY = re.compile(r"^SAY: (.*)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message: `system`, `user`, `assistant` or `tool`, and its text; an image is `[image]`."""

    role: str
    text: str


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that is offered: its name and the JSON schema of its arguments."""

    name: str
    schema: Mapping[str, Any]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request, whatever protocol it came in.

    Attributes:
        turns: The messages.
        tools: What may be called.
        choice: `auto`, `none`, `required`, or the name of the tool that must be called.
        schema: JSON schema of the answer; None: text.
        most: Pieces that the answer has at most; None: no limit.
        stop: Texts that end it.
    """

    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    schema: Mapping[str, Any] | None = None
    most: int | None = None
    stop: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """The last message of the user."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whatever protocol it goes out in.

    Attributes:
        pieces: The text as it streams.
        calls: Name and arguments (JSON text) of each tool that is called.
        finish: `stop`, `length` or `tool_calls`.
        input_tokens: Pieces of the question.
        output_tokens: Pieces of the answer.
    """

    pieces: tuple[str, ...]
    calls: tuple[tuple[str, str], ...]
    finish: str
    input_tokens: int
    output_tokens: int

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def tell(question: Question, say: Say | None = None) -> Told:
    """The answer to a question."""
    words = say(question) if say is not None else None
    calls = _calls(question) if words is None else ()
    text = "" if calls else _text(question) if words is None else words
    for stop in question.stop:
        text = text.partition(stop)[0] if stop else text
    pieces = pieces_of(text)
    cut = pieces if question.most is None else pieces[: question.most]
    finish = "tool_calls" if calls else "stop" if len(cut) == len(pieces) else "length"
    spent = len(cut) + sum(len(pieces_of(arguments)) + 1 for _, arguments in calls)
    asked = sum(len(pieces_of(turn.text)) for turn in question.turns)
    return Told(pieces=cut, calls=calls, finish=finish, input_tokens=asked, output_tokens=spent)


def pieces_of(text: str) -> tuple[str, ...]:
    """A text as it is counted and streamed: words with the space before them."""
    return tuple(_PIECE.findall(text))


def _text(question: Question) -> str:
    if question.schema is not None:
        value = value_of(question.schema, question.last, root=question.schema)
        return msgspec.json.encode(value).decode()
    if question.turns and question.turns[-1].role == "tool":
        return question.turns[-1].text
    said = _SAY.findall(question.last)
    return said[-1] if said else _quote(question) or question.last


def _quote(question: Question) -> str:
    given = "\n".join(turn.text for turn in question.turns if turn.role in {"system", "user"})
    documents = _DOCUMENT.findall(given) or _NUMBERED.findall(given)
    asked = set(_WORD.findall(_NUMBERED.sub("", _DOCUMENT.sub("", question.last)).lower()))
    sentences = [one.strip() for text in documents for one in _SENTENCE.split(text) if one.strip()]
    return max(sentences, key=lambda one: len(asked & set(_WORD.findall(one.lower()))), default="")


def _calls(question: Question) -> tuple[tuple[str, str], ...]:
    if question.choice == "none" or not question.tools or question.turns[-1].role == "tool":
        return ()
    named = [tool for tool in question.tools if tool.name == question.choice]
    mentioned = [tool for tool in question.tools if tool.name in question.last]
    must = question.tools[:1] if question.choice == "required" else ()
    return tuple(
        (tool.name, msgspec.json.encode(value_of(tool.schema, question.last, root=tool.schema)).decode())
        for tool in named or mentioned or must
    )


def value_of(schema: Mapping[str, Any], text: str, *, root: Mapping[str, Any], name: str = "") -> Any:
    """A value that a JSON schema allows, read from a text.

    Args:
        schema: The schema of this value.
        text: `name: value` in it gives the value of a property; else a string is its last word, a number its first.
        root: Holds the definitions.
        name: The property's name.
    """
    if "$ref" in schema:
        return value_of(root["$defs"][str(schema["$ref"]).rpartition("/")[2]], text, root=root, name=name)
    if "anyOf" in schema:
        return value_of(schema["anyOf"][0], text, root=root, name=name)
    if "enum" in schema:
        return next((one for one in schema["enum"] if str(one) in text), schema["enum"][0])
    kind = schema.get("type", "object")
    if kind == "object":
        fields = schema.get("properties", {"answer": {"type": "string"}})
        return {field: value_of(one, text, root=root, name=field) for field, one in fields.items()}
    if kind == "array":
        return [value_of(schema.get("items", {"type": "string"}), text, root=root, name=name)]
    return _scalar(kind, text, name)


def _scalar(kind: Any, text: str, name: str) -> Any:
    named = re.search(rf"\b{re.escape(name)}\s*[:=]\s*([^\s,;]+)", text) if name else None
    source = named[1] if named else text
    if kind in {"number", "integer"}:
        found = _NUMBER.search(source)
        value = float(found[0]) if found else 0.0
        return round(value) if kind == "integer" else value
    if kind == "boolean":
        return not re.search(r"\b(false|no|not)\b", source.lower())
    if kind == "null":
        return None
    words = source.split()
    return words[-1].strip(".,;!?\"'") if words else ""
