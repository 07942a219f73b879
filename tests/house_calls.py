"""The rules of the house on what is called and handed on: each a function that reports what breaks it."""

import ast
import re
from collections.abc import Iterator

from house_plan import CLI_WORDS, FLOORS
from house_rules import Module, floor, mentions, parameters, unit

SOURCES, LOOPS = {"open_video", "open_camera"}, ("media.", "features.faces.annotate")
"""What opens a source of frames, and where one may loop over it: annotated videos show every frame again."""


def check_loops(modules: list[Module]) -> list[str]:
    """A loop over decoded frames is in its home only: all else takes samples from `media.sampling`."""
    faults = []
    for module in modules:
        names = {source for node in ast.walk(module.tree) for source in sources(node)}
        loops = [node.iter for node in ast.walk(module.tree) if isinstance(node, ast.For | ast.comprehension)]
        for loop in () if module.name.startswith(LOOPS) else loops:
            if any(isinstance(n, ast.Name) and n.id in names for n in looped(loop)):
                faults.append(f"{module.at(loop)} loops over the frames of {ast.unparse(loop)}")
    return faults


def sources(node: ast.AST) -> Iterator[str]:
    """The names that a node binds to a source of frames: a `with`, or a parameter."""
    if isinstance(node, ast.With):
        for item in node.items:
            call = item.context_expr
            opens = isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in SOURCES
            if opens and isinstance(item.optional_vars, ast.Name):
                yield item.optional_vars.id
    if isinstance(node, ast.arg) and node.annotation and {"VideoReader", "FrameSource"} & mentions(node.annotation):
        yield node.arg


def looped(loop: ast.expr) -> list[ast.expr]:
    """What a loop runs over: the name itself, or what `enumerate` and its kin are given."""
    kin = isinstance(loop, ast.Call) and ast.unparse(loop.func) in ("enumerate", "zip", "iter", "islice")
    return loop.args if isinstance(loop, ast.Call) and kin else [loop]


def check_cli_words(modules: list[Module]) -> list[str]:
    """No text below `cli` names a flag or a command of the command line: other surfaces show the same texts."""
    commands = sorted({m.path.stem.split("_")[0] for m in modules if unit(m.name) == "cli"} - {"", "output", "main"})
    spelt = re.compile(rf"(?<![\w-])(--[a-z]{{2,}}|-o\b)|\bcloseup ({'|'.join(commands or ['cast'])})\b(?!:)")
    faults = []
    for module in modules:
        if floor(module.name) in (None, FLOORS["cli"], FLOORS[""]) or module.name in CLI_WORDS:
            continue
        docstrings = {node.value for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(module.tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
            if is_text and (found := spelt.search(node.value)):
                faults.append(f"{module.at(node)} spells {found[0]!r}, which is for the command line to say")
    return faults


DETECTORS = ("perception.",)
CODECS = ("core.", "documents.", "cli.output")
"""Where a detector may be asked for faces, and where JSON may be read and written."""

BY_THEMSELVES: tuple[str, ...] = ()
"""Modules that read or write JSON outside of its homes still: only ever fewer."""

TUPLES = ("pages.commands.for_cast",)
"""Functions that take a tuple of three or more kinds still: only ever fewer."""


def check_calls(modules: list[Module], exempt: tuple[str, ...] = BY_THEMSELVES) -> list[str]:
    """Faces are found by way of the analyzer, and JSON is read and written by forms: each in its homes only."""
    faults = []
    for module in modules:
        for node in (n for n in ast.walk(module.tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)):
            if node.func.attr == "detect" and not module.name.startswith(DETECTORS):
                faults.append(f"{module.at(node)} asks a detector for faces")
            if ast.unparse(node.func) in ("json.loads", "json.dumps") and not module.name.startswith(
                (*CODECS, *exempt)
            ):
                faults.append(f"{module.at(node)} reads or writes JSON by itself")
    return faults


def check_tuples(modules: list[Module], exempt: tuple[str, ...] = TUPLES) -> list[str]:
    """No parameter is a tuple of three or more kinds: its parts have names as parameters of their own."""
    faults = []
    for module in modules:
        for node in (f for f in module.functions() if f"{module.name}.{f.name}" not in exempt):
            for arg in parameters(node):
                if arg.annotation and any(kinds(n) >= 3 for n in ast.walk(arg.annotation)):
                    faults.append(f"{module.at(node)} {node.name} takes a tuple of many kinds as {arg.arg}")
    return faults


def kinds(node: ast.AST) -> int:
    """How many different types a tuple's annotation names; 0 where `node` annotates no tuple."""
    if not (
        isinstance(node, ast.Subscript) and ast.unparse(node.value) == "tuple" and isinstance(node.slice, ast.Tuple)
    ):
        return 0
    return len({ast.unparse(kind) for kind in node.slice.elts} - {"..."})
