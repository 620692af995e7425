"""A prompt: what is said to a model, with the variables it needs, its examples, parameters and output schema.

It renders by sandboxed Jinja: a template reads what it is given and can run nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

import jinja2
import msgspec

from loopwright.core.codec import canonical
from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import PromptError
from loopwright.llm.prompts.sandbox import compiled, line_of

GIVEN = frozenset({"question", "history", "documents"})
"""Variables that an application fills in by itself."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One few-shot example: what a user says and what is answered. Both are templates too."""

    user: str
    assistant: str


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt; its digest is its version's identity.

    Attributes:
        name: As people call it.
        user: Template of the last message.
        system: Template of the system message; none where empty.
        variables: Every variable that the templates use; each must be given unless it has a default.
        defaults: Values of variables that may be left out.
        examples: Put between the system message and the history.
        parameters: Fields of the request, such as `temperature`, where the caller leaves them out.
        output: JSON schema that answers must satisfy, sent as a structured output; None: any text.
        description: What it is for.
    """

    name: str
    user: str
    system: str = ""
    variables: tuple[str, ...] = ()
    defaults: dict[str, Any] = {}
    examples: tuple[Example, ...] = ()
    parameters: dict[str, Any] = {}
    output: dict[str, Any] | None = None
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PromptError(f"{self.name!r} cannot name a prompt", fix="Use lower-case letters, digits, '-' and '_'.")
        used = {name for text in self._templates() for name in _used(self.name, text)}
        if missing := sorted(used - {*self.variables, *GIVEN}):
            raise PromptError(
                f"the prompt {self.name!r} uses {missing[0]!r}, which it does not declare",
                fix=f"Add {missing[0]!r} to its variables.",
            )
        if spare := sorted({*self.variables} - used):
            raise PromptError(f"the prompt {self.name!r} declares {spare[0]!r} and does not use it")
        if odd := sorted({*self.defaults} - {*self.variables}):
            raise PromptError(f"the prompt {self.name!r} has a default for {odd[0]!r}, which is none of its variables")

    def _templates(self) -> tuple[str, ...]:
        return (self.system, self.user, *(t for example in self.examples for t in (example.user, example.assistant)))

    @property
    def digest(self) -> Digest:
        """Names everything that a model could be told by it; the description is not part of it."""
        return digest_bytes(canonical(msgspec.structs.replace(self, description="")))

    def render(self, values: Mapping[str, Any], *, history: tuple[Mapping[str, Any], ...] = ()) -> list[dict[str, Any]]:
        """The messages of a chat.

        Args:
            values: By variable.
            history: Messages that were exchanged before, without a system message; they go before the last one.

        Raises:
            PromptError: A variable has no value, or the template cannot be rendered with these.
        """
        known = {**self.defaults, **values}
        messages: list[dict[str, Any]] = []
        if self.system:
            messages.append({"role": "system", "content": self._text(self.system, known)})
        for example in self.examples:
            messages.append({"role": "user", "content": self._text(example.user, known)})
            messages.append({"role": "assistant", "content": self._text(example.assistant, known)})
        messages += [dict(message) for message in history]
        return [*messages, {"role": "user", "content": self._text(self.user, known)}]

    def _text(self, template: str, values: Mapping[str, Any]) -> str:
        try:
            return compiled(template).render(values)
        except jinja2.UndefinedError as error:
            raise PromptError(
                f"the prompt {self.name!r} cannot be rendered: {error.message}", why=_where(error).removesuffix(": "),
                fix=f"Give a value to each variable that it uses: {', '.join(sorted(compiled(template).names))}.",
            ) from error  # fmt: skip
        except jinja2.exceptions.SecurityError as error:
            raise PromptError(
                f"the prompt {self.name!r} tries what templates may not", why=f"{_where(error)}{error}"
            ) from error
        except Exception as error:
            raise PromptError(
                f"the prompt {self.name!r} cannot be rendered", why=f"{_where(error)}{type(error).__name__}: {error}"
            ) from error


def _where(error: Exception) -> str:
    line = line_of(error)
    return "" if line is None else f"line {line} of the template: "


def _used(name: str, template: str) -> frozenset[str]:
    try:
        return compiled(template).names
    except jinja2.TemplateSyntaxError as error:
        raise PromptError(f"the prompt {name!r} is no template", why=f"line {error.lineno}: {error.message}") from error
