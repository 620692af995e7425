"""Front matter: the few lines of YAML between `---` and `---` that a Markdown file may begin with."""

import re
from typing import Any

from loopwright.errors import SourceError

_BLOCK = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*)|)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


def split(text: str) -> tuple[dict[str, Any], str]:
    """The fields, and the text after them; no fields where a file begins otherwise.

    Scalars, lists in brackets and lists by dashes are read, nothing else of YAML.

    Raises:
        SourceError: There is something else: what cannot be read might have said who may read the document.
    """
    found = _BLOCK.match(text)
    if found is None:
        if re.match(r"---[ \t]*\n[A-Za-z_][\w-]*[ \t]*:", text):
            raise SourceError("the front matter has no end", fix="Close it with a line `---`.")
        return {}, text
    fields: dict[str, Any] = {}
    last = ""
    for number, line in enumerate(found[1].split("\n"), start=2):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("- ") and last and isinstance(fields[last], list | None):
            fields[last] = [*(fields[last] or []), _scalar(bare[2:])]
            continue
        field = _FIELD.fullmatch(line.rstrip())
        if field is None or field[1] in fields:
            raise SourceError(
                f"line {number} of the front matter cannot be read",
                why="there may be `name: value`, `name: [a, b]` and lists by dashes, each name once",
            )
        last = field[1]
        fields[last] = _value(field[2] or "")
    return fields, text[found.end() :]


def _value(text: str) -> Any:
    bare = text.strip()
    if bare.startswith("["):
        if not bare.endswith("]"):
            raise SourceError("a list of the front matter has no end", fix="Write it on one line: [a, b].")
        inner = bare[1:-1].strip()
        return [_scalar(part) for part in inner.split(",")] if inner else []
    if bare[:1] in ("{", "&", "*", "|", ">", "!"):
        raise SourceError("the front matter holds more than scalars and lists")
    return _scalar(bare)


def _scalar(text: str) -> Any:
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"":
        return bare[1:-1]
    bare = bare.partition(" #")[0].rstrip()
    if bare.lower() in _WORDS:
        return _WORDS[bare.lower()]
    if _NUMBER.fullmatch(bare):
        return float(bare) if "." in bare else int(bare)
    return bare
