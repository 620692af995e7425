"""Which names of its module a piece of syntax uses, and what it does that cannot be foreseen."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

DYNAMIC_BUILTINS = frozenset({"exec", "eval", "compile", "__import__", "globals"})
"""Built-in functions behind which any code may hide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A name that is not local, and the attributes asked of it: `helpers.clean` is `("helpers", "clean")`.

    `aliased` is what the first part is another name for, where an import inside the function says so.
    """

    path: tuple[str, ...]
    line: int
    aliased: "Imported | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """`import module` (`name` empty) or `from module import name`, `level` dots up."""

    module: str
    name: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a piece of syntax uses."""

    uses: list[Use] = field(default_factory=list)
    imports: list[Imported] = field(default_factory=list)
    dynamic: list[str] = field(default_factory=list)


def names_of(node: ast.AST) -> Names:
    """The names that `node` takes from outside of itself."""
    visitor = _Visitor()
    visitor.visit(node)
    return visitor.found


class _Scope:
    """Names that a function, a class body, a lambda or a comprehension binds."""

    def __init__(self, bound: set[str], *, is_class: bool = False) -> None:
        self.bound = bound
        self.is_class = is_class
        self.imports: dict[str, Imported] = {}


class _Visitor(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found = Names()
        self.scopes: list[_Scope] = []

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use((node.id,), node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path, root = [node.attr], node.value
        while isinstance(root, ast.Attribute):
            path.append(root.attr)
            root = root.value
        if isinstance(root, ast.Name):
            self._use((root.id, *reversed(path)), node.lineno)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and not self._local(node.func.id):
            self._judge_call(node, node.func.id)
        self.generic_visit(node)

    def _judge_call(self, node: ast.Call, name: str) -> None:
        if name in DYNAMIC_BUILTINS:
            self.found.dynamic.append(f"it calls {name}() (line {node.lineno})")
        if name == "getattr" and len(node.args) > 1 and not isinstance(node.args[1], ast.Constant):
            self.found.dynamic.append(
                f"it looks up an attribute by a computed name with getattr() (line {node.lineno})"
            )

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            said = Imported(module=alias.name)
            self.found.imports.append(said)
            bound = alias.asname or alias.name.partition(".")[0]
            self._bind(bound, said if alias.asname else Imported(module=bound))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            said = Imported(module=node.module or "", name=alias.name, level=node.level)
            self.found.imports.append(said)
            self._bind(alias.asname or alias.name, said)

    def _bind(self, name: str, said: Imported) -> None:
        if self.scopes:
            self.scopes[-1].imports[name] = said

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._visit_arguments(node.args)
        if node.returns:
            self.visit(node.returns)
        self._inside(node.body, _Scope(_parameters(node.args) | _stored(node.body)))

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - named by ast.NodeVisitor

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_arguments(node.args)
        self._inside([node.body], _Scope(_parameters(node.args) | _stored([node.body])))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        self._inside(node.body, _Scope(_stored(node.body), is_class=True))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        bound = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self._inside(list(ast.iter_child_nodes(node)), _Scope(bound))

    visit_ListComp = visit_SetComp = _comprehension  # noqa: N815 - named by ast.NodeVisitor
    visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815 - the same

    def _visit_arguments(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)
        for argument in _all_parameters(arguments):
            if argument.annotation is not None:
                self.visit(argument.annotation)

    def _inside(self, body: "list[ast.stmt] | list[ast.expr] | list[ast.AST]", scope: _Scope) -> None:
        self.scopes.append(scope)
        for node in _own_nodes(body):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.visit(node)
        for child in body:
            self.visit(child)
        self.scopes.pop()

    def _visible(self) -> list[_Scope]:
        """Scopes from the innermost out; a class body's names are seen only in that body itself."""
        return [s for i, s in enumerate(reversed(self.scopes)) if i == 0 or not s.is_class]

    def _local(self, name: str) -> bool:
        return any(name in scope.bound for scope in self._visible())

    def _use(self, path: tuple[str, ...], line: int) -> None:
        for scope in self._visible():
            if path[0] in scope.imports:
                self.found.uses.append(Use(path=path, line=line, aliased=scope.imports[path[0]]))
                return
            if path[0] in scope.bound:
                return
        self.found.uses.append(Use(path=path, line=line))


def _all_parameters(arguments: ast.arguments) -> list[ast.arg]:
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return listed + [a for a in (arguments.vararg, arguments.kwarg) if a is not None]


def _parameters(arguments: ast.arguments) -> set[str]:
    return {argument.arg for argument in _all_parameters(arguments)}


def _stored(body: "list[ast.stmt] | list[ast.expr]") -> set[str]:
    """Names that the statements bind in their own scope, without those declared global."""
    bound: set[str] = set()
    declared: set[str] = set()
    for node in _own_nodes(body):
        if isinstance(node, ast.Global):
            declared.update(node.names)
        bound |= _names_bound(node)
    return bound - declared


def _own_nodes(body: "list[ast.stmt] | list[ast.expr] | list[ast.AST]") -> Iterator[ast.AST]:
    """Every node of the scope itself: not inside nested functions and classes, nor a comprehension's own variables."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.comprehension):
            waiting += [node.iter, *node.ifs]
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _names_bound(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        return {node.id}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return {node.name}
    if isinstance(node, ast.MatchMapping) and node.rest:
        return {node.rest}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return set()
