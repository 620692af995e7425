"""Tests mirror the package: one file a module, so that a reader finds the behaviour of a module by its name."""

from pathlib import PurePath

from tests.contracts.ceilings import allowed
from tests.contracts.sources import ROOT, Source, sources


def _has_test(source: Source) -> bool:
    """`store/backends/memory.py` has tests/store/backends/test_memory.py, or the same some folders higher up."""
    inner = PurePath(source.path).relative_to("src/loopwright")
    folders = [inner.parent, *inner.parent.parents]
    return any((ROOT / "tests" / folder / f"test_{inner.stem}.py").is_file() for folder in folders)


def _untested() -> set[str]:
    modules = (s for s in sources() if not s.path.endswith("__init__.py") and s.layer != "testing")
    return {source.path for source in modules if not _has_test(source)}


def test_every_module_has_a_test_file() -> None:
    missing = _untested() - {str(entry["module"]) for entry in allowed("untested")}
    assert not missing, "write tests/<folder>/test_<module>.py for:\n" + "\n".join(sorted(missing))


def test_the_list_of_exceptions_only_shrinks() -> None:
    stale = {str(entry["module"]) for entry in allowed("untested")} - _untested()
    assert not stale, (
        f"these have tests now (or are gone); remove them from tests/contracts/allowed.toml: {sorted(stale)}"
    )
