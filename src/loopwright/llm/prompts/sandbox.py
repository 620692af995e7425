"""Templates that can read what they are given and do nothing else: no attributes of Python, no calls, no endless work.

A template is Jinja without macros, includes and inheritance. Of functions there are only the filters listed here and a
few methods of texts, lists and dicts. Work is counted: what a template may make, and how often its loops may turn, is
bounded, whatever it was given.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn, cast

import jinja2
import msgspec
from jinja2 import meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from loopwright.core.codec import to_json

MOST_TEXT = 4_194_304
"""Characters that a rendered text, or any text made on the way, may have."""
MOST_TEMPLATE = 1_048_576
"""Characters of a template."""
_MOST_TURNS = 100_000
_MOST_BITS = 4096
_ITEM = 64
"""Characters that an item of a list counts for, beside its own."""
_DEEPEST = 60
_STEPS = "_steps"
_FILENAME = "<prompt>"
_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "int", "items", "last",
    "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr",
    "sort", "string", "title", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
)  # fmt: skip
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset({
        "capitalize", "casefold", "count", "endswith", "find", "isalnum", "isalpha", "isdigit", "islower", "isspace",
        "isupper", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip",
        "split", "splitlines", "startswith", "strip", "title", "upper",
    }),
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
}  # fmt: skip
_REFUSED = (
    nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block,
    nodes.FilterBlock, nodes.ScopedEvalContextModifier, nodes.EvalContextModifier,
)  # fmt: skip


class Compiled:
    """A template that was checked.

    Attributes:
        names: The variables that it reads.
    """

    __slots__ = ("_template", "names")

    def __init__(self, template: jinja2.Template, names: frozenset[str]) -> None:
        self._template = template
        self.names = names

    def render(self, values: Mapping[str, Any]) -> str:
        """The text.

        Raises:
            jinja2.UndefinedError: A variable has no value.
            SecurityError: It did what templates may not, or too much of it.
            Exception: What the template's own operations raise, such as TypeError.
        """
        pieces, length = [], 0
        for piece in self._template.generate({**values, _STEPS: _Steps()}):
            length += len(piece)
            if length > MOST_TEXT:
                _too_much(f"it renders to more than {MOST_TEXT} characters")
            pieces.append(piece)
        return "".join(pieces)


@lru_cache(maxsize=1024)
def compiled(template: str) -> Compiled:
    """Check and compile a template.

    Raises:
        jinja2.TemplateSyntaxError: It is no template, or uses what templates may not; with the line.
    """
    if len(template) > MOST_TEMPLATE:
        raise jinja2.TemplateSyntaxError(f"the template has more than {MOST_TEMPLATE} characters", 1)
    environment = _environment()
    try:
        tree = environment.parse(template)
        names = frozenset(meta.find_undeclared_variables(tree))
        _check(tree, 0)
        _bounded(tree)
        code = environment.compile(tree, filename=_FILENAME)
    except RecursionError:
        raise jinja2.TemplateSyntaxError("the template is nested too deep", 1) from None
    made = jinja2.Template.from_code(environment, code, environment.make_globals(None))
    return Compiled(made, names)


def line_of(error: BaseException) -> int | None:
    """The line of the template at which an error was raised; None where it was not raised in one."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class _Steps:
    """How often the loops of one rendering have turned."""

    __slots__ = ("turned",)

    def __init__(self) -> None:
        self.turned = 0

    def turn(self) -> None:
        """Count one."""
        self.turned += 1
        if self.turned > _MOST_TURNS:
            _too_much(f"its loops turn more than {_MOST_TURNS} times")


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without a way out, and without work that never ends."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def is_safe_callable(self, obj: Any) -> bool:
        """Only the listed methods of texts, lists and dicts."""
        owner = getattr(obj, "__self__", None)
        return getattr(obj, "__name__", "") in _METHODS.get(type(owner), frozenset())

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method, if it is one of these."""
        if not self.is_safe_callable(obj):
            raise SecurityError(f"{getattr(obj, '__name__', 'what it calls')!r} may not be called")
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, *sides: Any) -> Any:
        """An operation whose result has a bounded size."""
        left, right = sides
        if operator == "%" and isinstance(left, str):
            raise SecurityError("texts are not formatted by %; use ~ or a filter")
        if _size(operator, left, right) > MOST_TEXT:
            _too_much(f"the result of {operator} is too large")
        return super().call_binop(context, operator, left, right)


def _size(operator: str, left: Any, right: Any) -> int:
    """Characters of a result, with those of its items; for whole numbers, more than any bound where they have too many
    bits."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        return 0 if bits <= _MOST_BITS else MOST_TEXT + 1
    if operator == "*":
        times = next((side for side in (left, right) if isinstance(side, int)), 1)
        return sum(_measured(side) for side in (left, right) if not isinstance(side, int)) * max(times, 0)
    return _measured(left) + _measured(right)


def _measured(value: Any) -> int:
    """About how many characters a value has when it is written out; counting ends above `MOST_TEXT`."""
    size, waiting = 0, [value]
    while waiting and size <= MOST_TEXT:
        one = waiting.pop()
        size += len(one) if isinstance(one, str) else _ITEM
        if isinstance(one, Mapping):
            waiting.extend(one)
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            waiting.extend(one)
    return size


@lru_cache(maxsize=1)
def _environment() -> _Sandbox:
    made = _Sandbox(undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False)
    made.globals.clear()
    every = made.filters
    made.filters = {name: every[name] for name in _FILTERS}
    made.filters |= {
        "join": _join, "replace": _replace, "indent": _indent, "sum": _sum, "tojson": _json, _COUNTED: _counted,
        _CONCATENATED: _concatenated, _MADE: _made,
    }  # fmt: skip
    return made


_COUNTED, _CONCATENATED, _MADE = "_counted", "_concatenated", "_made"


def _check(node: nodes.Node, depth: int) -> None:
    if depth > _DEEPEST:
        raise jinja2.TemplateSyntaxError("the template is nested too deep", node.lineno or 1)
    if isinstance(node, _REFUSED):
        raise jinja2.TemplateSyntaxError(f"templates may not use {type(node).__name__.lower()}", node.lineno or 1)
    if isinstance(node, nodes.For) and node.recursive:
        raise jinja2.TemplateSyntaxError("loops may not call themselves", node.lineno or 1)
    if isinstance(node, nodes.Name) and (node.name.startswith("_") or node.name == "self"):
        raise jinja2.TemplateSyntaxError(f"no variable may be called {node.name!r}", node.lineno or 1)
    if isinstance(node, nodes.Filter) and node.name.startswith("_"):
        raise jinja2.TemplateSyntaxError(f"there is no filter {node.name!r}", node.lineno or 1)
    if isinstance(node, nodes.Call) and not isinstance(node.node, nodes.Getattr):
        raise jinja2.TemplateSyntaxError("templates may not call functions", node.lineno or 1)
    for child in node.iter_child_nodes():
        _check(child, depth + 1)


def _bounded(node: nodes.Node) -> None:
    """Have the turns of loops counted, and what `~` and lists make measured."""
    for child in node.iter_child_nodes():
        _bounded(child)
    for field, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            setattr(node, field, _watched(value))
        elif isinstance(value, list):
            value[:] = [_watched(one) for one in value]
    if isinstance(node, nodes.For):
        node.iter = _filtered(cast("nodes.Expr", node.iter), _COUNTED)


def _watched(value: Any) -> Any:
    if isinstance(value, nodes.Concat):
        return _filtered(nodes.List(value.nodes, lineno=value.lineno), _CONCATENATED)
    if isinstance(value, nodes.List | nodes.Dict) or (isinstance(value, nodes.Tuple) and value.ctx == "load"):
        return _filtered(value, _MADE)
    return value


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    steps = context[_STEPS]
    for value in values:
        steps.turn()
        yield value


@pass_context
def _concatenated(context: Context, values: list[Any]) -> str:
    del context  # Asked for so that nothing is worked out when the template is compiled.
    return _join(values)


@pass_context
def _made(context: Context, value: Any) -> Any:
    del context
    if _measured(value) > MOST_TEXT:
        _too_much("a list or dict is too large")
    return value


def _sum(values: Iterable[Any], attribute: str | None = None) -> int | float:
    """Numbers, added up."""
    total: int | float = 0
    for value in values:
        number = value[attribute] if attribute is not None and isinstance(value, Mapping) else value
        if not isinstance(number, int | float):
            raise TypeError("`sum` adds numbers only")
        total += number
    return total


def _json(value: Any, indent: int | None = None) -> str:
    """A value as JSON, with its letters as they are."""
    if _measured(value) > MOST_TEXT:
        _too_much("what is to become JSON is too large")
    text = to_json(value)
    return (text if indent is None else msgspec.json.format(text, indent=max(0, min(int(indent), 8)))).decode()


def _join(values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    """Texts, one after the other, with another between them."""
    pieces, length = [], 0
    for value in values:
        if attribute is not None and not isinstance(value, Mapping):
            raise SecurityError("`join` takes an attribute of dicts only")
        piece = str(value[attribute] if attribute is not None else value)
        length += len(piece) + len(between)
        if length > MOST_TEXT:
            _too_much("the result of joining is too large")
        pieces.append(piece)
    return str(between).join(pieces)


def _replace(text: Any, old: str, new: str) -> str:
    """A text with one part of it replaced by another, wherever it stands."""
    given = str(text)
    if len(given) + given.count(str(old)) * len(str(new)) > MOST_TEXT:
        _too_much("the result of replacing is too large")
    return given.replace(str(old), str(new))


def _indent(text: Any, width: int = 4, first: bool = False) -> str:
    """A text whose lines, from the second or the first on, begin with some spaces; at most 100."""
    space = " " * max(0, min(int(width), 100))
    lines = str(text).split("\n")
    if len(str(text)) + len(space) * len(lines) > MOST_TEXT:
        _too_much("the result of indenting is too large")
    return (space if first else "") + f"\n{space}".join(lines)


def _too_much(why: str) -> NoReturn:
    raise SecurityError(why)
