"""Which way the imports point where import-linter does not look, and what importing costs."""

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.contracts.sources import ROOT, Import, imports, sources

ABOVE_INTEGRATIONS = {"app", "cli", "export", "web"}
CORE_LIBRARIES = {"msgspec", "blake3"}
HEAVY = ("fastapi", "lightgbm", "pandas", "pandera", "polars", "scipy", "sklearn", "skops")


def _inside(one: Import, package: str) -> bool:
    return one.target == package or one.target.startswith(package + ".")


def test_no_module_of_ours_is_imported_inside_a_function() -> None:
    found = [str(one) for one in imports() if one.in_function and _inside(one, "loopwright")]
    assert not found, (
        "an import that has to hide in a function shows an arrow that points the wrong way:\n" + "\n".join(found)
    )


def test_nobody_goes_through_the_public_door_from_inside() -> None:
    known = {source.module for source in sources()}
    found = [
        str(one)
        for one in imports()
        if one.source.layer
        and (
            one.target == "loopwright"
            or (one.target.count(".") == 1 and _inside(one, "loopwright") and one.target not in known)
        )
    ]
    assert not found, "import from the module that defines the name, not from the package:\n" + "\n".join(found)


@pytest.mark.parametrize("island", ["integrations", "testing", "templates"])
def test_nobody_imports(island: str) -> None:
    found = [str(one) for one in imports() if _inside(one, f"loopwright.{island}") and one.source.layer != island]
    assert not found, f"{island} is reached by entry point or by a user only:\n" + "\n".join(found)


def test_integrations_and_test_kit_stay_below_the_application() -> None:
    found = [
        str(one)
        for one in imports()
        if one.source.layer in ("integrations", "testing")
        and any(_inside(one, f"loopwright.{top}") for top in ABOVE_INTEGRATIONS)
    ]
    assert not found, "they may import any layer below app:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("layer", "libraries"),
    [("core", CORE_LIBRARIES), ("errors", set()), ("version", set()), ("stats", {"numpy", "scipy", "msgspec"})],
)
def test_a_low_layer_imports_few_libraries(layer: str, libraries: set[str]) -> None:
    permitted = set(sys.stdlib_module_names) | {"loopwright"} | libraries
    found = [
        str(one) for one in imports() if one.source.layer == layer and one.target.partition(".")[0] not in permitted
    ]
    assert not found, f"{layer} may import the standard library and {sorted(libraries)}:\n" + "\n".join(found)


_PROBE = """
import json, sys
acts = []
def hook(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event.startswith(("socket.", "subprocess.", "os.mkdir", "os.remove", "os.system", "sqlite3.")):
        acts.append([event, repr(arguments)[:200]])
sys.dont_write_bytecode = True
sys.addaudithook(hook)
for name in sys.argv[1:]:
    __import__(name)
threading = sys.modules.get("threading")
logging = sys.modules.get("logging")
print(json.dumps({
    "acts": acts,
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "threads": threading.active_count() if threading else 1,
    "handlers": len(logging.root.handlers) if logging else 0,
}))
"""


def _import(*names: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _PROBE, *names], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _start_up_path() -> list[str]:
    """What every command imports before it knows of any work: the core, the stores, the planner, the frame."""
    layers = ("core", "errors", "version")
    named = {"loopwright.store.open_stores", "loopwright.pipelines", "loopwright.cli.main", "loopwright.cli.render"}
    return [source.module for source in sources() if source.layer in layers or source.module in named]


def test_importing_the_package_does_nothing_and_loads_no_library() -> None:
    seen = _import("loopwright")
    assert seen["acts"] == []
    assert (seen["threads"], seen["handlers"]) == (1, 0)
    loaded = {*HEAVY, "numpy", "typer", "rich", "starlette", "uvicorn", "httpx", "msgspec"} & set(
        map(str, seen["modules"])
    )
    assert not loaded, f"`import loopwright` loads {sorted(loaded)}; name them in the function that needs them"


def test_the_start_up_path_does_nothing_and_loads_no_heavy_library() -> None:
    seen = _import(*_start_up_path())
    assert seen["acts"] == []
    assert (seen["threads"], seen["handlers"]) == (1, 0)
    loaded = set(HEAVY) & set(seen["modules"])
    assert not loaded, f"the start-up path loads {sorted(loaded)}; import them in the function that needs them"
