"""What no tracked file may hold."""

import re
import subprocess

import pytest
from tests.contracts.sources import ROOT, sources

# Written in two halves, so that this file does not hold them itself.
REGISTRY_HOSTS = [
    a + b
    for a, b in (
        ("pypi.", "org"),
        ("files.python", "hosted"),
        ("registry.npm", "js"),
        ("ghcr.", "io"),
        ("docker.", "io"),
        ("conda.", "anaconda"),
    )
]


def _tracked() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            texts[name] = path.read_bytes().decode("utf-8", errors="replace")
    return texts


def test_no_file_names_a_package_registry() -> None:
    found = [(name, host) for name, text in _tracked().items() for host in REGISTRY_HOSTS if host in text]
    assert not found, f"a mirror must work as well; leave the host to the installer's own settings: {found}"


def test_the_lock_pins_every_file_by_hash() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [i for i, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
    bare = [lines[i] for i in pins if "==" not in lines[i] or "--hash=sha256:" not in lines[i + 1]]
    assert pins
    assert not bare, f"run `make lock`: {bare}"


def test_a_broad_except_says_which_boundary_it_is() -> None:
    found = [
        f"{source.path}:{number}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), start=1)
        if re.search(r"noqa:[^-]*BLE001[^-]*$", line)
    ]
    assert not found, f"name the boundary: `# noqa: BLE001 - the worker boundary: …`: {found}"
