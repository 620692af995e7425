"""Guards as a user declares them: `llm.personal_data(action="redact")`. Each function makes a `Guard`.

Every function takes `action` (what happens with what is found), `direction` (`in`: what callers send; `out`: what is
answered; `both`) and `name` (how logs and reports call it); see `Guard`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.llm.guard import Action, Direction, Guard
from loopwright.llm.guards.building import checked


def personal_data(
    *, action: Action = "redact", direction: Direction = "both", kinds: Sequence[str] = (), engine: str = "patterns",
    name: str = "",
) -> Guard:  # fmt: skip
    """Personal data whose form can be checked: mail, phone, IBAN, cards, addresses of machines, national numbers.

    Args:
        action: See `Guard`.
        direction: See `Guard`.
        kinds: Which, as `("email", "iban")`; all where empty.
        engine: `patterns`, or `presidio` (the extra of that name), which finds names and places too, some 20 times
            slower.
        name: See `Guard`.
    """
    options = {"kinds": list(kinds), "engine": engine if engine != "patterns" else ""}
    return _guard(Guard(kind="personal_data", action=action, direction=direction, name=name), options)


def secrets(
    *, action: Action = "block", direction: Direction = "both", kinds: Sequence[str] = (), name: str = ""
) -> Guard:
    """Keys, tokens, private keys and passwords.

    Args:
        action: See `Guard`.
        direction: See `Guard`.
        kinds: Which, as `("aws_access_key",)`; all where empty.
        name: See `Guard`.
    """
    return _guard(Guard(kind="secrets", action=action, direction=direction, name=name), {"kinds": list(kinds)})


def prompt_injection(
    *, action: Action = "block", direction: Direction = "in", threshold: float = 0.0, judge: bool = False,
    unsure: str = "block", name: str = "",
) -> Guard:  # fmt: skip
    """Texts that give a model orders which are not theirs to give. Heuristics: they miss what nobody wrote down yet.

    Args:
        action: See `Guard`.
        direction: See `Guard`; with `out` an answer is held back until it is whole.
        threshold: Score, 0 to 1, from which a text is taken for one; the shipped 0.8 where 0.
        judge: Whether a judge is asked about texts that score between 0.3 and the threshold, where the application has
            one.
        unsure: `block` or `pass`: what becomes of such a text where the judge gives no verdict.
        name: See `Guard`.
    """
    options = {"threshold": threshold, "judge": judge, "unsure": unsure if unsure != "block" else ""}
    return _guard(Guard(kind="prompt_injection", action=action, direction=direction, name=name), options)


def topics(
    *, deny: Mapping[str, Sequence[str]] | None = None, allow: Mapping[str, Sequence[str]] | None = None,
    similarity: float = 0.0, action: Action = "block", direction: Direction = "both", name: str = "",
) -> Guard:  # fmt: skip
    """What a text may be about.

    Args:
        deny: Words or phrases by topic; a text that holds one is about it. `heal*` stands for words that begin so.
        allow: The same; a text that holds none of any of these is off the topic.
        similarity: Cosine from which a sentence counts as about a topic, by an embedder of its phrases; 0: words only.
        action: See `Guard`. What is off the topic cannot be masked.
        direction: See `Guard`; with `allow` or `similarity` an answer is held back until it is whole.
        name: See `Guard`.
    """
    named = {"deny": _lists(deny), "allow": _lists(allow)}
    return _guard(
        Guard(kind="topics", action=action, direction=direction, name=name), {**named, "similarity": similarity}
    )


def toxicity(
    *, action: Action = "block", direction: Direction = "both", kinds: Sequence[str] = (), words: Sequence[str] = (),
    name: str = "",
) -> Guard:  # fmt: skip
    """Insults, threats and hate in English, by words and those around them. It is no model of what people mean.

    Args:
        action: See `Guard`.
        direction: See `Guard`.
        kinds: Of `insult`, `threat`, `hate`, `self_harm`, `profanity`; all but the last where empty.
        words: Further words or phrases, found as the kind `listed`.
        name: See `Guard`.
    """
    return _guard(
        Guard(kind="toxicity", action=action, direction=direction, name=name),
        {"kinds": list(kinds), "words": list(words)},
    )


def valid_json(
    *, schema: Mapping[str, Any] | None = None, action: Action = "block", direction: Direction = "out", name: str = ""
) -> Guard:
    """Answers must be JSON, and satisfy a schema. An answer is held back until it is whole.

    Args:
        schema: JSON schema; see `llm.guards.json_schema` for what is understood. None: any JSON.
        action: `redact` mends what can be mended (fences, commas too many, quotes, an end that is missing) and blocks
            the rest; `block` refuses what is not valid as it is.
        direction: See `Guard`.
        name: See `Guard`.
    """
    return _guard(
        Guard(kind="json", action=action, direction=direction, name=name),
        {"schema": None if schema is None else dict(schema)},
    )


def length(
    *, most: int | None = None, least: int = 0, action: Action = "block", direction: Direction = "both", name: str = ""
) -> Guard:
    """How long a text may be, in characters.

    Args:
        most: At most; None: any number.
        least: At least, white space around it not counted.
        action: `redact` cuts a text that is too long off. `block` and `redact` hold an answer back until it is whole.
        direction: See `Guard`.
        name: See `Guard`.
    """
    return _guard(Guard(kind="length", action=action, direction=direction, name=name), {"most": most, "least": least})


def _lists(topics: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    return {topic: list(words) for topic, words in (topics or {}).items()}


def _guard(guard: Guard, options: Mapping[str, Any]) -> Guard:
    """The guard with the options that say something, so that two that do the same are equal."""
    return checked(msgspec.structs.replace(guard, options={name: value for name, value in options.items() if value}))
