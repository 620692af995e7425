"""Values are frozen, so that nothing changes behind a reader's back; effects sit at the edge."""

import ast

from tests.contracts.ceilings import allowed
from tests.contracts.sources import sources


def _mutable() -> set[str]:
    classes = ((s, node) for s in sources() for node in ast.walk(s.tree) if isinstance(node, ast.ClassDef))
    return {f"{source.path}::{node.name}" for source, node in classes if _is_value(node) and not _is_frozen(node)}


def _is_value(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base) for base in node.bases}
    return bool(bases & {"Struct", "msgspec.Struct"}) or any("dataclass" in ast.unparse(d) for d in node.decorator_list)


def _is_frozen(node: ast.ClassDef) -> bool:
    calls = [d for d in node.decorator_list if isinstance(d, ast.Call)]
    keywords = [k for call in calls for k in call.keywords] + node.keywords
    return any(k.arg == "frozen" and isinstance(k.value, ast.Constant) and k.value.value is True for k in keywords)


def test_every_struct_and_dataclass_is_frozen() -> None:
    found = _mutable() - {str(entry["class"]) for entry in allowed("mutable")}
    assert not found, "freeze these, or make them plain classes that own their state:\n" + "\n".join(sorted(found))


def test_the_list_of_exceptions_only_shrinks() -> None:
    stale = {str(entry["class"]) for entry in allowed("mutable")} - _mutable()
    assert not stale, f"remove these from tests/contracts/allowed.toml: {sorted(stale)}"
