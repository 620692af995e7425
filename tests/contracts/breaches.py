"""What breaks a contract today, and what `allowed.toml` lets stand for now.

`python -m tests.contracts.breaches "WHY"` rewrites allowed.toml to today's breaches: entries that are no longer needed
go, measures are brought up to date, reasons that stand there stay, and new entries get WHY.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

from tests.contracts.ceilings import exceeding
from tests.contracts.sources import ROOT, Source, sources

ALLOWED = Path(__file__).with_name("allowed.toml")
_HEADER = """\
# What may break a contract for now, and why. Entries only go away: a test fails on one that is no longer needed.
#
# [[ceiling]]  exceeds a ceiling; `where` ends in the rule, `measure` is how far it goes
# [[untested]] is a module that no test imports and no test file is named after
# [[mutable]]  is a struct or data class that is not frozen
# [[error]]    is an error class outside errors.py; it never reaches a user
"""


def allowed(table: str) -> dict[str, int]:
    """Place -> the measure that is allowed (1 where there is nothing to measure), of one table of allowed.toml."""
    return {entry["where"]: entry.get("measure", 1) for entry in _entries().get(table, [])}


def reasons() -> dict[tuple[str, str], str]:
    """(table, place) -> why it is allowed."""
    return {(table, e["where"]): e.get("reason", "") for table, entries in _entries().items() for e in entries}


def unexpected(table: str) -> list[str]:
    """The breaches of one contract that are not allowed, or go further than allowed."""
    grants = allowed(table)
    return [f"{where}: {value}" for where, value in sorted(BREACHES[table]().items()) if value > grants.get(where, 0)]


def stale(table: str) -> list[str]:
    """The entries that allow what no longer happens, or more than happens."""
    today = BREACHES[table]()
    return [f"{where}: {measure}" for where, measure in sorted(allowed(table).items()) if today.get(where, 0) < measure]


def _ceilings() -> dict[str, int]:
    return {f"{where} {rule}": value for (rule, where), value in exceeding().items()}


def _untested() -> dict[str, int]:
    modules = (s for s in sources() if not s.path.endswith("__init__.py") and s.layer not in ("testing", "version"))
    imported = _imported_by_tests()
    return {source.path: 1 for source in modules if source.module not in imported and not _has_test(source)}


def _imported_by_tests() -> set[str]:
    """Modules that a test imports, whole or a name from them."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return found


def _has_test(source: Source) -> bool:
    """`store/backends/memory.py` has tests/store/backends/test_memory.py, or the same some folders higher up."""
    inner = PurePath(source.path).relative_to("src/loopwright")
    folders = [inner.parent, *inner.parent.parents]
    return any((ROOT / "tests" / folder / f"test_{inner.stem}.py").is_file() for folder in folders)


def _mutable() -> dict[str, int]:
    classes = ((s, node) for s in sources() for node in ast.walk(s.tree) if isinstance(node, ast.ClassDef))
    return {f"{source.path}::{node.name}": 1 for source, node in classes if _is_value(node) and not _is_frozen(node)}


def _is_value(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base) for base in node.bases}
    return bool(bases & {"Struct", "msgspec.Struct"}) or any("dataclass" in ast.unparse(d) for d in node.decorator_list)


def _is_frozen(node: ast.ClassDef) -> bool:
    calls = [d for d in node.decorator_list if isinstance(d, ast.Call)]
    keywords = [k for call in calls for k in call.keywords] + node.keywords
    return any(k.arg == "frozen" and isinstance(k.value, ast.Constant) and k.value.value is True for k in keywords)


def _errors() -> dict[str, int]:
    """Error classes outside errors.py; one with a leading underscore never leaves its module and is its own affair."""
    pattern = re.compile(r"^class ([^_]\w*)\((?:\w*Error|Exception|BaseException)\)", flags=re.MULTILINE)
    elsewhere = (s for s in sources() if s.module != "loopwright.errors" and s.layer != "testing")
    return {f"{source.path}::{name}": 1 for source in elsewhere for name in pattern.findall(source.text)}


BREACHES: Mapping[str, Callable[[], dict[str, int]]] = {
    "ceiling": _ceilings,
    "untested": _untested,
    "mutable": _mutable,
    "error": _errors,
}


def _entries() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(ALLOWED.read_text(encoding="utf-8"))


def rewritten(why: str) -> str:
    """allowed.toml as it would have to be today."""
    known = reasons()
    parts = [_HEADER]
    for table, found in BREACHES.items():
        for where, value in sorted(found().items()):
            measure = f"measure = {value}\n" if table == "ceiling" else ""
            reason = known.get((table, where)) or why
            parts.append(f'[[{table}]]\nwhere = "{where}"\n{measure}reason = "{reason}"\n')
    return "\n".join(parts)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ALLOWED.write_text(rewritten(sys.argv[1]), encoding="utf-8")
