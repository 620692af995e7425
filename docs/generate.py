"""Write the reference pages from the code: `python -m docs.generate`. A test compares the pages with the code."""

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

import loopwright
from loopwright import watch
from loopwright.cli.table import GROUPS, Entry
from loopwright.core.settings import SETTINGS
from loopwright.errors import LoopwrightError

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "loopwright"
REFERENCE = ROOT / "docs" / "reference"
_NOTE = "<!-- Written by `python -m docs.generate`; change the code, not this page. -->\n<!-- fmt: off -->\n\n"
_EXITS = {1: "user error", 2: "data refused", 3: "gate failed", 4: "no verdict", 5: "approval missing"}


def write(page: Path) -> str:
    """The text of one generated page."""
    return _NOTE + PAGES[page]()


def api_page() -> str:
    """The names of the package, each with its signature and its docstring."""
    parts = [
        "# Python",
        "",
        "`import loopwright as lw` names all of these; each is loaded on first use. What is not listed is not public.",
    ]
    for name in loopwright.__all__:
        if not name.startswith("_"):
            thing = getattr(loopwright, name)
            parts += ["", f"## {name}", "", *_described(name, thing)]
    return "\n".join([*parts, *_watch_rules(), ""])


def _watch_rules() -> list[str]:
    """The rules beside drift and performance, each with its signature and its docstring."""
    parts = [
        "",
        "## watch",
        "",
        "What `monitor=` takes beside `drift`, `performance` and `reevaluate`, as `lw.watch.latency(...)`.",
    ]
    for name in watch.__all__:
        parts += ["", f"### watch.{name}", "", *_described(f"watch.{name}", getattr(watch, name))]
    return parts


def _described(name: str, thing: object) -> list[str]:
    """What a reader sees of a name: signature and docstring of a function or a class; what an alias stands for."""
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return ["```python", f"{name} = {thing}".replace("typing.", ""), "```"]
    documented = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return _markdown(documented)
    if inspect.isclass(thing) and issubclass(thing, Enum):
        return [*_markdown(documented), "", *(f"- `{member.value}`" for member in thing)]
    parameters = inspect.signature(thing).parameters.values()
    return ["```python", f"{name}({', '.join(map(_parameter, parameters))})", "```", "", *_markdown(documented)]


def _markdown(docstring: str) -> list[str]:
    """A docstring's sections (`Args:` and the like) as lists; a deeper line goes on with the entry above it."""
    lines: list[str] = []
    listed = False
    for line in docstring.splitlines():
        title = re.fullmatch(r"(\w[\w ()]*):", line)
        if title:
            lines += [f"**{title[1]}**", ""]
            listed = True
        elif listed and re.match(r" {4}\S", line):
            lines.append(re.sub(r"^ {4}([^:`]+): ", r"- `\1`: ", line) if ": " in line else f"- {line.strip()}")
        else:
            listed = listed and line.startswith(" ")
            lines.append(f"  {line.strip()}" if listed else line)
    return lines


def _parameter(parameter: inspect.Parameter) -> str:
    """A parameter without its annotation, whose text differs between versions of Python, and without addresses."""
    shown = str(parameter.replace(annotation=inspect.Parameter.empty))
    return re.sub(r" at 0x[0-9a-f]+", "", shown)


def errors_page() -> str:
    """A table of the error tree."""
    rows = [
        f"| {cls.code} | {cls.__name__} | {_cell(_EXITS[cls.exit_code])} ({cls.exit_code}) | {cls.http_status} | "
        f"{'yes' if cls.retryable else ''} | {_cell(_meaning(cls))} | {_cell(cls.advice)} |"
        for cls in sorted(_leaves(LoopwrightError), key=lambda cls: cls.code)
    ]
    return "\n".join(
        [
            "# Errors",
            "",
            "Every error says what happened, why, and what to do next, alike on the command line, over HTTP and in",
            "Python. A code never changes its meaning. `--debug` shows the trace; `--json` prints the error as",
            '`{"error": {"code", "what", "why", "fix", "context"}}`. *Retryable*: the same call may work next time.',
            "",
            "| code | class | exit code | HTTP | retryable | means | what to do |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def settings_page() -> str:
    """A table of the settings."""
    rows = [
        f"| `{s.name}` | `{s.variable}` | {'secret' if s.secret else f'`{s.default}`'} | {type(s.default).__name__} "
        f"| {s.unit} | {_cell(s.help)} |"
        for s in sorted(SETTINGS, key=lambda s: s.name)
    ]
    return "\n".join(
        [
            "# Settings",
            "",
            "A setting is looked for in this order: given in the call or on the command line, the environment",
            "variable, the project's `loopwright.toml`, the user's file, the default. An unknown name in a file is an",
            "error, and so is a value of the wrong type.",
            "",
            "| setting | environment variable | default | type | unit | what it does |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def commands_page() -> str:
    """Every command with its own help text."""
    parts = [
        "# Commands",
        "",
        "Every command takes `--json` (the result, or the error, as one JSON value on stdout), `--debug` (the trace of",
        "an error) and `--help`. Results go to stdout, progress and notes to stderr.",
        "",
        "| exit code | means |",
        "|---|---|",
        "| 0 | done |",
        *(f"| {code} | {meaning} |" for code, meaning in _EXITS.items()),
        "| 130 | interrupted |",
    ]
    for title, entries in GROUPS:
        parts += ["", f"## {title}"]
        for entry in entries:
            parts += ["", f"### {entry.name}", "", entry.help, "", "```text", help_of(entry), "```"]
    return "\n".join([*parts, ""])


def help_of(entry: Entry) -> str:
    """What `loopwright NAME --help` prints, 100 columns wide; the example alone while the command is not there."""
    if not (PACKAGE / "cli" / "commands" / (entry.module.rpartition(".")[2] + ".py")).is_file():
        return entry.example
    command = [sys.executable, "-m", "loopwright.cli.main", entry.name, "--help"]
    fixed = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=fixed)  # noqa: S603 - our own program
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


def _leaves(cls: type[LoopwrightError]) -> Iterator[type[LoopwrightError]]:
    below = [child for child in cls.__subclasses__() if child.__module__ == LoopwrightError.__module__]
    for child in below:
        yield from _leaves(child)
    if not below:
        yield cls


def _meaning(cls: type[LoopwrightError]) -> str:
    """The line beside the class in the drawing at the top of errors.py."""
    module = sys.modules[cls.__module__].__doc__ or ""
    drawn = re.search(rf"── {cls.__name__} +{cls.code} +(?:exit \d +)?(.+)", module)
    return drawn[1] if drawn else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[Path, Callable[[], str]] = {
    REFERENCE / "api.md": api_page,
    REFERENCE / "commands.md": commands_page,
    REFERENCE / "errors.md": errors_page,
    REFERENCE / "settings.md": settings_page,
}

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        page.write_text(write(page), encoding="utf-8")
        print(page.relative_to(ROOT))
