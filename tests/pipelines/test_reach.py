import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pipelines.conftest import Project

from loopwright.pipelines.reach import CodeReader


def reach(project: Project, name: str = "f"):
    module = project.load()
    return CodeReader().reach(getattr(module, name))


def parts(project: Project, name: str = "f") -> dict[str, str]:
    found = reach(project, name)
    assert found.unknown == ()
    return {key.replace(f"p{project.number}_", ""): digest for key, digest in found.parts.items()}


CODE = '''
    import math
    RATE = 2
    def used(x):
        """Says what it does."""
        return x * RATE
    def other(x): return x
    def f(x):
        # a comment
        return used(x) + math.pi
'''


def test_a_function_reaches_what_it_calls_and_reads_and_nothing_else(project):
    project.write("loop", CODE)
    assert set(parts(project)) == {"loop:f", "loop:used", "loop:RATE"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another comment\n\n"),
        ('"""Says what it does."""', '"""Says\n    it otherwise."""'),
        ('"""Says what it does."""', "pass"),
        ("x * RATE", "(x  *  RATE)"),
        ("RATE = 2", "RATE = 0x2  # the same"),
        ("return x * RATE", "return x * \\\n        RATE"),
        ("def other(x): return x", "def other(x): return x + 1"),
        ("def other(x): return x", ""),
    ],
)
def test_comments_formatting_docstrings_and_unrelated_code_change_nothing(project, old, new):
    project.write("loop", CODE)
    before = parts(project)
    project.edit("loop", old, new)
    after = parts(project)
    if new == "pass":
        assert after != before, "a statement is no docstring"
    else:
        assert after == before


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("RATE = 2", "RATE = 3", {"loop:RATE"}),
        ("RATE = 2", "RATE = 2.0", {"loop:RATE"}),
        ("x * RATE", "x + RATE", {"loop:used"}),
        ("math.pi", "math.e", {"loop:f"}),
    ],
)
def test_a_change_is_named_by_the_piece_that_changed(project, old, new, changed):
    project.write("loop", CODE)
    before = parts(project)
    project.edit("loop", old, new)
    after = parts(project)
    assert {key for key in before if before[key] != after.get(key)} == changed


REACHES = {
    "module attribute": ("import <helper>\ndef f(x): return <helper>.clean(x)", {"helper:clean", "helper:inner"}),
    "module alias": ("import <helper> as h\ndef f(x): return h.clean(x)", {"helper:clean", "helper:inner"}),
    "from import": ("from <helper> import clean as c\ndef f(x): return c(x)", {"helper:clean", "helper:inner"}),
    "star import": ("from <helper> import *\ndef f(x): return clean(x)", {"helper:clean", "helper:inner"}),
    "import in function": (
        "def f(x):\n    import <helper> as h\n    return h.clean(x)", {"helper:clean", "helper:inner"},
    ),
    "from import in function": (
        "def f(x):\n    from <helper> import clean\n    return clean(x)", {"helper:clean", "helper:inner"},
    ),
    "import in nested function": (
        "def f(x):\n    def g():\n        import <helper>\n        return <helper>.clean(x)\n    return g()",
        {"helper:clean", "helper:inner"},
    ),
    "constant from module": ("from <helper> import RATE\ndef f(x): return x * RATE", {"helper:RATE"}),
    "constant of module": ("import <helper>\ndef f(x): return x * <helper>.RATE", {"helper:RATE"}),
    "class and its methods": (
        "from <helper> import Box\ndef f(x): return Box(x).get()", {"helper:Box", "helper:inner", "helper:Base"},
    ),
    "method as function": ("from <helper> import Box\ndef f(x): return Box.get(x)", {"helper:Box"}),
    "default argument": ("import <helper>\ndef f(x, by=<helper>.clean): return by(x)", {"helper:clean"}),
    "decorator": ("import <helper>\n@<helper>.traced\ndef f(x): return x", {"helper:traced"}),
    "decorated helper": (
        "import <helper>\n@<helper>.traced\ndef g(x): return x\ndef f(x): return g(x)", {"helper:traced", "loop:g"},
    ),
    "decorator without wraps": (
        "import <helper>\n@<helper>.bare\ndef g(x): return x\ndef f(x): return g(x)",
        {"helper:bare", "helper:bare.<locals>.inside", "loop:g"},
    ),
    "closure": (
        "import <helper>\ndef make(by):\n    def inside(x): return by(x)\n    return inside\n"
        "g = make(<helper>.clean)\ndef f(x): return g(x)", {"helper:clean", "loop:make.<locals>.inside"},
    ),
    "cached": (
        "import functools, <helper>\n@functools.cache\ndef g(x): return <helper>.clean(x)\ndef f(x): return g(x)",
        {"loop:g", "helper:clean"},
    ),
    "partial": (
        "import functools, <helper>\ng = functools.partial(<helper>.clean, 3)\ndef f(x): return g()", {"helper:clean"},
    ),
    "functions in a table": (
        "import <helper>\nTABLE = {'clean': <helper>.clean}\ndef f(x): return TABLE['clean'](x)",
        {"helper:clean", "loop:TABLE"},
    ),
    "lambda": ("g = lambda x: x + 1\ndef f(x): return g(x)", {"loop:<lambda>"}),
    "comprehension": (
        "import <helper>\ndef f(xs): return [<helper>.clean(x) for x in xs if x in <helper>.RATES]",
        {"helper:clean", "helper:RATES"},
    ),
    "annotation": ("from <helper> import Box\ndef f(x: Box) -> int: return 1", {"helper:Box"}),
    "module given as a value": ("import <helper>\ndef f(x): return g(<helper>)\ndef g(m): return 1", {"helper:(file)"}),
    "enum": ("from <helper> import Colour\ndef f(x): return Colour.RED", {"helper:Colour"}),
    "named tuple": (
        "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\ndef f(x): return Point(x, 1)",
        {"loop:Point"},
    ),
    "object made by a call": (
        "from <helper> import Box\nBOX = Box(3)\ndef f(x): return BOX.get()", {"loop:BOX", "helper:Box"},
    ),
    "another step": ("@step\ndef g(x): return x\ndef f(x): return g(x)", {"loop:g"}),
    "conditional definition": (
        "if True:\n    def g(x): return 1\nelse:\n    def g(x): return 2\ndef f(x): return g(x)", {"loop:g"},
    ),
    "call at the top level": (
        "import <helper>\n<helper>.clean(1)\ndef f(x): return x", {"loop:(top level)", "helper:clean"},
    ),
    "recursion": ("def g(x): return f(x)\ndef f(x): return g(x)", {"loop:g", "loop:f"}),
}  # fmt: skip
HELPER = """
    import enum, functools
    RATE = 2
    RATES = (1, 2)
    def inner(x): return x
    def clean(x): return inner(x)
    class Base: pass
    class Box(Base):
        def __init__(self, x): self.x = x
        def get(self): return inner(1)
    class Colour(enum.Enum):
        RED = 1
    def traced(function):
        @functools.wraps(function)
        def inside(*args): return function(*args)
        return inside
    def bare(function):
        def inside(*args): return function(*args)
        return inside
    def unused(): pass
"""


@pytest.mark.parametrize("way", REACHES)
def test_every_way_of_reaching_code_is_followed(project, way):
    text, expected = REACHES[way]
    project.write("helper", HELPER, head=False)
    project.write("loop", "")
    project.texts["loop"] += text + "\n"
    found = parts(project)
    assert expected <= set(found)
    assert "helper:unused" not in found


UNKNOWN = {
    "exec": "def f(x): exec('x = 1')",
    "eval": "def f(x): return eval('x')",
    "getattr": "def f(x, name): return getattr(x, name)",
    "import_module": "import importlib\ndef f(x): return importlib.import_module(x)",
    "import_module by name": "from importlib import import_module\ndef f(x): return import_module(x)",
    "import_module inside": "def f(x):\n    import importlib\n    return importlib.import_module(x)",
    "eval by another name": "run = eval\ndef f(x): return run('x')",
    "in a helper": "def g(x): return eval('x')\ndef f(x): return g(x)",
    "globals": "def f(x): return globals()[x]",
    "no such name": "def f(x): return nothing_of_this_name(x)",
    "made at run time": "exec('def g(x): return 1')\ndef f(x): return g(x)",
    "a table at import": "import polars\nT = polars.DataFrame({'a': [1]})\ndef f(x): return T",
    "closure over an object": "def make(o):\n    def inside(x): return o\n    return inside\nf = make(object())",
}


@pytest.mark.parametrize("way", UNKNOWN)
def test_what_cannot_be_known_is_unknown_with_a_reason(project, way):
    project.write("loop", "")
    project.texts["loop"] += UNKNOWN[way] + "\n"
    found = reach(project)
    assert found.unknown
    assert all(len(reason) > 15 for reason in found.unknown)


@pytest.mark.parametrize(
    "text",
    [
        "def f(x): return getattr(x, 'shape')",
        "def f(x):\n    eval = len\n    return eval(x)",
        "def f(x):\n    import json, os.path\n    return json.dumps(os.path.join('a', x))",
        "import re\nPATTERN = re.compile('a+')\ndef f(x): return PATTERN.match(x)",
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
        "    import polars as pl\n"
        "def f(x: pl.DataFrame) -> pl.DataFrame: return x",
        "def f(x):\n    try:\n        import no_such_package_anywhere\n    except ImportError:\n        return 1",
        "class C:\n    size = 3\n    def get(self, n=size): return n\ndef f(x): return C().get()",
        "def f(x):\n    match x:\n        case {'a': a, **rest}: return a, rest\n        case [first, *others]: return first, others\n"  # noqa: E501
        "        case int() as whole: return whole",
        "import numpy as np\nW = np.arange(3)\ndef f(x): return W @ x",
        "def f(x):\n    with open(x) as file, open(x) as other:\n        return [line for line in file if (n := len(line))], n, other",  # noqa: E501
    ],
)
def test_ordinary_code_is_known(project, text):
    project.write("loop", text if "__future__" in text else "", head=False)
    if "__future__" not in text:
        project.texts["loop"] += text + "\n"
    assert reach(project).unknown == ()


def test_options_of_our_own_decorator_are_no_code(project):
    project.write("loop", "@step\ndef f(x): return x\n")
    before = parts(project)
    project.edit("loop", "@step\n", "@step(retries=3, isolated=False)\n")
    assert parts(project) == before


def test_installed_packages_are_named_by_their_modules(project):
    project.write(
        "loop",
        "import numpy as np\ndef g(x): return np.mean(x)\ndef f(x):\n    import polars.selectors\n    return g(x)\n",
    )
    assert {module for module, _ in reach(project).packages} >= {"numpy", "polars.selectors"}


def test_a_value_at_the_top_level_counts_by_its_value(project):
    table = project.folder / "table.json"
    table.write_text(json.dumps({"a": 1}))
    project.write(
        "loop", f"import json, pathlib\nT = json.loads(pathlib.Path({str(table)!r}).read_text())\ndef f(x): return T"
    )
    before = parts(project)
    table.write_text(json.dumps({"a": 2}))
    after = parts(project)
    assert {key for key in before if before[key] != after[key]} == {"loop:T"}


def test_of_two_definitions_of_a_name_the_one_in_force_counts(project):
    project.write("loop", "def f(x): return 1\ndef f(x): return 2\n")
    before = parts(project)
    project.edit("loop", "return 1", "return 7")
    assert parts(project) == before
    project.edit("loop", "return 2", "return 8")
    assert parts(project) != before


@settings(max_examples=30, deadline=None)
@given(names=st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=7, unique=True), at=st.integers(0, 5))
def test_along_a_chain_of_calls_a_change_reaches_exactly_those_above_it(tmp_path_factory, names, at):
    """Functions call one another in a line; changing one changes what it and its callers reach, and no more."""
    import sys

    project = Project(tmp_path_factory.mktemp("chain"))
    sys.path.insert(0, str(project.folder))
    was, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        at %= len(names)
        lines = [
            f"def {n}(x): return {names[i + 1] + '(x)' if i + 1 < len(names) else 'x'}" for i, n in enumerate(names)
        ]
        project.write("loop", "\n".join(lines))
        before = {name: parts(project, name) for name in names}
        lines[at] = lines[at].replace("return ", "return 1 + ")
        project.write("loop", "\n".join(lines))
        after = {name: parts(project, name) for name in names}
        assert [before[n] != after[n] for n in names] == [i <= at for i in range(len(names))]
    finally:
        project.forget()
        sys.path.remove(str(project.folder))
        sys.dont_write_bytecode = was


def test_a_module_that_cannot_be_read_any_more_is_unknown(project):
    project.write("loop", "def f(x): return x\n")
    module = project.load()
    Path(module.__file__).write_text("def f(x: return")
    assert "cannot be read" in CodeReader().reach(module.f).unknown[0]
