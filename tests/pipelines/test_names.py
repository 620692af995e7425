import ast
import textwrap

import pytest

from loopwright.pipelines.names import names_of


def used(text: str) -> set[str]:
    return {".".join(use.path) for use in names_of(ast.parse(textwrap.dedent(text)).body[0]).uses}


CASES = {
    "def f(a, *b, c=1, **d): return a, b, c, d, e": {"e"},
    "def f(): x = 1; return x + y": {"y"},
    "def f(xs): return [r for r in xs], r": {"r"},
    "def f(xs): return [r for r in xs if r in limits]": {"limits"},
    "def f(): return m.a.b(n).c": {"m.a.b", "n"},
    "def f(a=default, *, b: note = other) -> result: pass": {"default", "note", "other", "result"},
    "@deco(arg)\ndef f(): pass": {"deco", "arg"},
    "def f():\n    def g(y): return y + x + z\n    x = 1\n    return g": {"z"},
    "def f():\n    global x\n    x = 1\n    return x": {"x"},
    "def f():\n    class C(Base):\n        a = 1\n        def m(self): return a\n    return C": {"Base", "a"},
    "def f():\n    class C:\n        a = 1\n        b = a\n    return C": set(),
    "def f(x):\n    try: pass\n    except Wrong as e: return e": {"Wrong"},
    "def f(x):\n    match x:\n        case Point(a=1) as p: return p, q": {"Point", "q"},
    "def f(): return (lambda a, b=c: a + b + d)": {"c", "d"},
    "def f():\n    with open(x) as y: return y": {"open", "x"},
    "def f(xs): return [(n := len(x)) for x in xs], n": {"len"},
    "def f(): return f'{a:{b}}'": {"a", "b"},
    "def f():\n    for i, (j, k) in items: del k\n    return i, j": {"items"},
    "async def f():\n    async for x in source: await x": {"source"},
    "class C(Base, metaclass=Meta):\n    x = y\n    def m(self): return z": {"Base", "Meta", "y", "z"},
}


@pytest.mark.parametrize("text", CASES)
def test_the_names_that_come_from_outside(text):
    assert used(text) == CASES[text]


def test_imports_inside_are_other_names_for_what_they_import():
    names = names_of(ast.parse("def f():\n    g(h.x)\n    import h\n    from a.b import g, k as l\n    l()"))
    aliased = {use.path: (use.aliased.module, use.aliased.name) for use in names.uses if use.aliased}
    assert aliased == {("g",): ("a.b", "g"), ("h", "x"): ("h", ""), ("l",): ("a.b", "k")}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(x): exec(x)", 1), ("def f(x): return getattr(x, 'a')", 0), ("def f(x, n): return getattr(x, n)", 1),
        ("def f(exec): exec(1)", 0), ("def f(x): return x.eval('a')", 0), ("def f(): return __import__('a')", 1),
    ],
)  # fmt: skip
def test_dynamic_calls_are_told_with_their_line(text, count):
    found = names_of(ast.parse(text)).dynamic
    assert len(found) == count
    assert all("(line 1)" in reason for reason in found)
