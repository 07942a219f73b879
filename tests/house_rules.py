"""The rules of the house (CONTRIBUTING.md): each a function that reports what breaks it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import takewhile
from pathlib import Path

from house_plan import BOUNDARIES, BY_NAME, FLOORS, HOMES

MAX_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS, MAX_BY_PLACE, MAX_BYTES = 400, 60, 6, 3, 1_000_000
VAGUE = {"util", "utils", "common", "helper", "helpers", "misc"}
SHAPE = re.compile(r"\((?:\w+,|(?:\.\.\.|[A-Z0-9][A-Z0-9*+ ]{0,5})(?:, (?:\.\.\.|[A-Z0-9][A-Z0-9*+ ]{0,5}))+)\)")
LITTER = {".env", ".mp4", ".mov", ".mkv", ".avi", ".webm", ".onnx", ".pt", ".pth", ".safetensors", ".npz", ".pkl"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: where it is, its name below `closeup` ("core.types"; "" is the package itself), its tree."""

    path: Path
    name: str
    lines: int
    tree: ast.Module

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    def functions(self) -> Iterator[Function]:
        """All functions and methods, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def at(self, node: ast.stmt | ast.expr | ast.ExceptHandler) -> str:
        """The place of `node`, as editors and terminals link it."""
        return f"{self.path.name}:{node.lineno} ({self.name or 'closeup'})"


@cache
def read_modules(src: Path) -> list[Module]:
    """Parse every file of the package `closeup` below `src`, once a process."""
    modules = []
    for path in sorted((src / "closeup").rglob("*.py")):
        parts = path.relative_to(src / "closeup").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        modules.append(Module(path, name, len(text.splitlines()), ast.parse(text, str(path))))
    return modules


# What a module imports


def imported(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Each imported dotted name, function-level and type-checking imports included, relative ones resolved."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = ["closeup", *filter(None, module.package.split("."))]
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
            yield from ((node, f"{base}.{alias.name}") for alias in node.names)


def unit(name: str) -> str:
    """The folder that a module below `closeup` belongs to; features are a unit each."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "features" else parts[0]


def check_floors(modules: list[Module]) -> list[str]:
    """Imports go down only; units on one floor do not know each other; few import by a name in a string."""
    faults = [f"{m.path.name}: folder {m.name.split('.')[0]!r} has no floor" for m in modules if floor(m.name) is None]
    for module in modules:
        for node, target in imported(module):
            if target == "importlib.import_module" and module.name not in BY_NAME:
                faults.append(f"{module.at(node)} imports by a name in a string")
            root, _, below = target.partition(".")
            if root != "closeup" or below == "__version__" or unit(below) == unit(module.name):
                continue
            here, there = floor(module.name), floor(below)
            if here is not None and (there is None or there >= here):
                faults.append(f"{module.at(node)} imports {target}, which is not below it")
    return faults


def floor(name: str) -> int | None:
    """The floor of a module below `closeup`."""
    return FLOORS.get(name.split(".")[0])


def check_cycles(modules: list[Module]) -> list[str]:
    """No module needs itself by way of others."""
    names = {module.name for module in modules}
    graph = {}
    for module in modules:
        if module.name:  # the root imports lazily, for type checkers only
            below = {target.removeprefix("closeup.") for _, target in imported(module)}
            graph[module.name] = {n for name in below for n in (name, name.rpartition(".")[0]) if n in names and n}
            graph[module.name] -= {module.name, module.package}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"modules import each other: {' > '.join(error.args[1])}"]
    return []


def check_folders(modules: list[Module]) -> list[str]:
    """No two folders, nor a folder and the files beside it, need each other, by way of others or not, at any depth."""
    packages = {m.name for m in modules if m.package == m.name}
    names, graph = {m.name for m in modules}, dict[str, set[str]]()
    for module in (m for m in modules if m.name):
        here = module.name.split(".")[:-1] if module.package != module.name else module.name.split(".")
        for _, target in imported(module):
            below = target.removeprefix("closeup.")
            found = below if below in names - packages else below.rpartition(".")[0]
            there = found.split(".")[:-1]
            if not target.startswith("closeup.") or found not in names - packages or here == there:
                continue
            shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False))))
            sides = [
                ".".join(side[: shared + 1]) if len(side) > shared else f"{'.'.join(side)}.*" for side in (here, there)
            ]
            graph.setdefault(sides[0], set()).add(sides[1])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"folders need each other: {' > '.join(error.args[1])}"]
    return []


def check_homes(modules: list[Module]) -> list[str]:
    """Each outside package is imported only where it has its home."""
    faults = []
    for module in modules:
        for node, target in imported(module):
            package = target.split(".")[0]
            if package == "closeup" or package in sys.stdlib_module_names:
                continue
            homes = HOMES.get(package, ())
            if not any(home in ("", module.name) or module.name.startswith(f"{home}.") for home in homes):
                faults.append(f"{module.at(node)} imports {package}, whose home is {homes or 'nowhere yet'}")
    return faults


# What a module says and how long it takes


def check_budgets(modules: list[Module]) -> list[str]:
    """Files, functions and parameter lists stay short.

    A command of the command line may have more parameters: Typer wants one for each option.
    """
    faults = [f"{m.path.name} ({m.name}) has {m.lines} lines" for m in modules if m.lines > MAX_LINES]
    for module in modules:
        for node in module.functions():
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                faults.append(f"{module.at(node)} {node.name} has {lines} lines")
            if too_many(node) and not (unit(module.name) == "cli" and is_command(node)):
                faults.append(f"{module.at(node)} {node.name} has {len(parameters(node))} parameters")
    return faults


def parameters(node: Function) -> list[ast.arg]:
    """The parameters of a function, without self and cls."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [arg for arg in (node.args.vararg, node.args.kwarg) if arg]
    return [arg for arg in given if arg.arg not in ("self", "cls")]


def too_many(node: Function) -> bool:
    """Whether a function has more parameters than may be: beyond six, all but three are given by name."""
    by_place = len(parameters(node)) - len(node.args.kwonlyargs)
    return len(parameters(node)) > MAX_PARAMETERS and by_place > MAX_BY_PLACE


def is_command(node: Function) -> bool:
    """Whether Typer calls it: decorated as `@app.command(...)` or `@app.callback(...)`."""
    calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in ("command", "callback") for call in calls)


def check_effects(modules: list[Module]) -> list[str]:
    """Only the command line prints, and only core/settings touches the environment."""
    faults = []
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Name | ast.Attribute | ast.ImportFrom):
                continue
            for word in words(node):
                if word in ("print", "sys.stdout", "sys.stderr") and unit(module.name) != "cli":
                    faults.append(f"{module.at(node)} prints")
                if word in ("os.environ", "os.getenv", "os.putenv") and module.name != "core.settings":
                    faults.append(f"{module.at(node)} touches the environment")
    return faults


def words(node: ast.Name | ast.Attribute | ast.ImportFrom) -> list[str]:
    """The names that `node` uses, as "name" or "module.name"."""
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [ast.unparse(node)]


def check_broad_excepts(modules: list[Module], boundaries: tuple[str, ...] = BOUNDARIES) -> list[str]:
    """Everything is caught, or suppressed, at the named boundaries only; and there are four of them at most."""
    faults = [f"{len(boundaries)} boundaries, and four are the most"] if len(boundaries) > 4 else []
    for module in modules:
        inside = [n for f in module.functions() if f"{module.name}.{f.name}" in boundaries for n in ast.walk(f)]
        faults += [f"{module.at(n)} catches everything" for n in broad_excepts(module) if n not in inside]
    return faults


def broad_excepts(module: Module) -> Iterator[ast.ExceptHandler | ast.Call]:
    """Handlers of everything that do not end by raising it again, and calls of contextlib.suppress on everything."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            if isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None:
                continue
            caught = [node.type] if node.type else []
            bare = not caught
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            caught, bare = node.args, False
        else:
            continue
        named = {n.id for c in caught for n in ast.walk(c) if isinstance(n, ast.Name)}
        if bare or named & {"Exception", "BaseException"}:
            yield node


def check_shapes(modules: list[Module]) -> list[str]:
    """A public function that takes or returns an array says a shape, "(N, 4)", in its docstring."""
    arrays = {"NDArray", "ndarray", "ArrayLike"}
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and arrays & mentions(node.value):
                arrays |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    faults = []
    for module in modules:
        for node in public_functions(module.tree):
            annotations = [arg.annotation for arg in parameters(node)] + [node.returns]
            uses = any(arrays & mentions(annotation) for annotation in annotations if annotation)
            if uses and not SHAPE.search(ast.get_docstring(node) or ""):
                faults.append(f"{module.at(node)} {node.name} has an array and says no shape")
    return faults


def mentions(annotation: ast.expr) -> set[str]:
    """The plain names in an annotation, in one written as a string too."""
    nodes = list(ast.walk(annotation))
    for node in list(nodes):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            with suppress(SyntaxError, ValueError):  # a sentence of help is no annotation
                nodes += ast.walk(ast.parse(node.value, mode="eval"))
    names = {getattr(n, "id", getattr(n, "attr", "")) for n in nodes}
    return {str(name) for name in names}


def public_functions(tree: ast.Module | ast.ClassDef) -> Iterator[Function]:
    """Functions, and methods of classes, whose names are public all the way."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from public_functions(node)
            else:
                yield node


def check_classes(modules: list[Module]) -> list[str]:
    """One class name, one class: the same word does not name two things in two files."""
    first, faults = dict[str, str](), []
    for module in modules:
        for node in (n for n in ast.walk(module.tree) if isinstance(n, ast.ClassDef)):
            if node.name in first:
                faults.append(f"{module.at(node)} has a class {node.name}, as {first[node.name]} has")
            first.setdefault(node.name, module.name)
    return faults


def check_names(modules: list[Module]) -> list[str]:
    """No drawer for odds and ends, and no package that does something when it is imported."""
    faults = []
    for module in modules:
        if VAGUE & set(re.split(r"[._]", module.name)):
            faults.append(f"{module.path}: {module.name} names no real thing")
        code = [n for n in module.tree.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
        if module.path.name == "__init__.py" and module.name and code:
            faults.append(f"{module.path}: code in an __init__")
    return faults


# What importing does


PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import closeup, logging
if logging.getLogger().handlers or logging.getLogger().level != logging.WARNING:
    print("the root logger was touched")
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))
"""


def import_effects(src: Path, home: Path) -> list[str]:
    """Import closeup from `src` with an empty home and an empty working folder, and report all that it did."""
    variables = {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(home)}
    command = [sys.executable, "-c", PROBE, str(src)]
    run = subprocess.run(command, cwd=home, env=variables, capture_output=True, text=True, check=False)
    *printed, loaded = run.stdout.splitlines() or [""]
    faults = [f"printed: {line}" for line in [*printed, *run.stderr.splitlines()]]
    faults += [f"loaded: {name}" for name in loaded.split() if name not in ("closeup", "numpy")]
    return faults + [f"made: {path.name}" for path in home.iterdir()]


# What is tracked


def check_runtime_imports(folders: list[Path]) -> list[str]:
    """Code outside of the package, too, takes ONNX Runtime from weights.session, which switches its telemetry off."""
    faults = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "onnxruntime" for name in names):
                faults.append(f"{path.name} imports onnxruntime: use closeup.weights.session.import_runtime()")
    return faults


def check_tracked(root: Path) -> list[str]:
    """No tracked file above 1 MB and no weights outside the weights folder, no video outside tests/data."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    faults = []
    for name in filter(None, listed.split("\0")):
        path = root / name
        if name.startswith("src/closeup/weights/") or not path.is_file():
            continue
        if path.stat().st_size > MAX_BYTES:
            faults.append(f"{name} is larger than 1 MB")
        if LITTER & {path.suffix, path.name} and not name.startswith("tests/data/"):
            faults.append(f"{name} does not belong here")
    return faults
