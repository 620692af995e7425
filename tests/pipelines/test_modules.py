import json
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from loopwright.core.hashing import digest_bytes
from loopwright.pipelines import modules as ours
from loopwright.pipelines.modules import Owner, owner_of, owner_of_file, parse

TEXT = '''
    """Docs."""
    import os.path, json as j
    from x import y as z
    A = B = 1
    (C, D) = 1, 2
    E: int = 3
    if A:
        def f(): "docs"
    else:
        def f(): return 2
    try:
        import fast
    except ImportError:
        fast = None
    class K:
        def m(self):
            def inner(): ...
    g = lambda: 1
    print("loose")
    os.path.x = 1
    for i in range(3): A += i
    if __name__ == "__main__":
        print("not")
'''


@pytest.fixture
def parsed(tmp_path):
    path = tmp_path / "m.py"
    path.write_text(textwrap.dedent(TEXT))
    return parse("m", path)


def test_what_the_top_level_binds(parsed):
    expected = {"os", "j", "z", "A", "B", "C", "D", "E", "f", "fast", "K", "g", "i"}
    assert set(parsed.bindings) == expected
    assert len(parsed.bindings["f"]) == len(parsed.bindings["fast"]) == 2


def test_definitions_by_qualified_name(parsed):
    assert set(parsed.definitions) == {"f", "K", "K.m", "K.m.<locals>.inner"}
    assert [len(nodes) for nodes in parsed.lambdas.values()] == [1]


def test_loose_statements_are_those_that_act(parsed):
    assert [type(statement).__name__ for statement in parsed.loose] == ["Expr", "Assign", "For"]


def test_the_digest_is_of_the_bytes(parsed):
    assert parsed.digest == digest_bytes(parsed.file.read_bytes())


def test_whose_code_a_module_is(project):
    assert owner_of(json) is Owner.STANDARD
    assert owner_of(sys) is Owner.STANDARD
    assert owner_of(msgspec) is Owner.INSTALLED
    assert owner_of(ours) is Owner.LOOPWRIGHT
    project.write("loop", "A = 1", head=False)
    assert owner_of(project.load()) is Owner.FIRST_PARTY
    assert owner_of_file(str(project.folder / ".venv/lib/python3.11/site-packages/x.py")) is Owner.INSTALLED
    assert owner_of_file(str(Path(__file__))) is Owner.FIRST_PARTY
