"""The import contract names every folder; one that it does not name would be under no rule."""

import tomllib

import pytest
from tests.contracts.sources import PACKAGE, ROOT


def _configured() -> dict[str, bool]:
    """Layer -> whether it stands in brackets (does not exist yet)."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (contract for contract in contracts if contract["type"] == "layers")
    assert layers["exhaustive"] is True
    words = [word.strip() for line in layers["layers"] for word in line.split("|")]
    return {word.strip("()"): word.startswith("(") for word in words} | dict.fromkeys(
        layers["exhaustive_ignores"], True
    )


def _present() -> set[str]:
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    files = {path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    return folders | files


def test_every_folder_has_its_layer() -> None:
    missing = _present() - set(_configured())
    assert not missing, f"add {sorted(missing)} to the layers of [tool.importlinter] in pyproject.toml"


def test_brackets_are_only_around_what_does_not_exist() -> None:
    islands = {"integrations", "templates", "testing"}
    wrong = {name for name, bracketed in _configured().items() if bracketed == (name in _present())} - islands
    assert not wrong, f"in pyproject.toml's layers, brackets mean 'does not exist yet'; correct {sorted(wrong)}"


@pytest.mark.parametrize("folder", sorted(path.name for path in PACKAGE.iterdir() if any(path.glob("*.py"))))
def test_every_folder_is_a_package(folder: str) -> None:
    if folder == "templates":
        pytest.skip("templates are a user's files, not modules")
    assert (PACKAGE / folder / "__init__.py").is_file(), (
        f"{folder} needs an __init__.py, or import-linter passes it over"
    )
