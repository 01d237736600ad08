# SPDX-License-Identifier: Apache-2.0
"""``--report``: which members of TensorRT's and CUDA's a script uses, and what they do here. The script is read, not run."""

from __future__ import annotations

import ast
from typing import NamedTuple

from . import surface

#: Modules whose names are looked up, by the names scripts import them under.
_MODULES = {
    "tensorrt": "tensorrt", "tensorrt.tensorrt": "tensorrt", "pycuda": "pycuda", "pycuda.driver": "pycuda.driver",
    "pycuda.autoinit": "pycuda.autoinit", "pycuda.autoprimaryctx": "pycuda.autoinit", "pycuda.tools": "pycuda.tools",
    "pycuda.gpuarray": "pycuda.gpuarray", "pycuda.compiler": "pycuda.compiler", "cuda.cudart": "cuda.bindings.runtime",
    "cuda.bindings.runtime": "cuda.bindings.runtime", "cuda.cuda": "cuda.bindings.driver",
    "cuda.bindings.driver": "cuda.bindings.driver", "cuda.nvrtc": "cuda.bindings.nvrtc",
    "cuda.bindings.nvrtc": "cuda.bindings.nvrtc", "cuda": "cuda", "cuda.bindings": "cuda.bindings",
}
#: Names that objects of all kinds have: without types they say nothing.
_COMMON = frozenset(
    "append clear copy count data destroy dtype engine extend fill flags free get handle index insert log max min name names "
    "nbytes numpy pop precision record remove reset reverse scale set shape size start stop synchronize type value "
    "weights write read query logger shift power mode kernel bias axis axes k op h w c n alpha beta epsilon message stride "
    "padding push dilation device ptr reshape ravel ndim symmetric base plugin equation seek steps location __len__ "
    "__getitem__ __iter__ __bool__ __int__".split()
)


class Use(NamedTuple):
    """A member that a script names."""

    line: int
    #: As the script's author would say it.
    name: str
    #: What it may be; several where the object's type is not known.
    members: tuple[surface.Member, ...]

    @property
    def status(self) -> str:
        """The worst of what it may be; unknown names have a status of their own."""
        statuses = {member.status for member in self.members}
        for status in (surface.SUPPORTED, surface.NO_EFFECT, surface.REFUSED):
            if status in statuses:
                return status
        return "unknown"

    @property
    def note(self) -> str:
        """What is to be said of it."""
        if not self.members:
            return "not a member that Alula knows of"
        return next((member.note for member in self.members if member.status == self.status and member.note), "")


class _Finder(ast.NodeVisitor):
    """Collects uses: names of modules exactly, attributes of objects by name."""

    def __init__(self):
        self.aliases: dict[str, str] = {}  # a name of the script → a module, or module:path of a member
        self.uses: dict[str, Use] = {}
        self._chains: set[ast.AST] = set()

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name in _MODULES:
                self._note_module(node, alias.name)
                self.aliases[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )

    def visit_ImportFrom(self, node):
        module = node.module or ""
        if module.split(".")[0] not in ("tensorrt", "pycuda", "cuda") or node.level:
            return
        for alias in node.names:
            full = f"{module}.{alias.name}"
            if full in _MODULES:
                self._note_module(node, full)
                self.aliases[alias.asname or alias.name] = full
            elif module in _MODULES:
                self.aliases[alias.asname or alias.name] = f"{module}:{alias.name}"
                self._note(node, module, alias.name)

    def visit_Attribute(self, node):
        if node not in self._chains:
            chain, names = node, []
            while isinstance(chain, ast.Attribute):
                self._chains.add(chain)
                names.insert(0, chain.attr)
                chain = chain.value
            root = self.aliases.get(chain.id) if isinstance(chain, ast.Name) else None
            if root is None:
                for name in names:
                    self._note_attribute(node, name)
            else:
                self._resolve(node, root, names)
        self.generic_visit(node)

    def _resolve(self, node, root, names):
        """Walks from a module through its submodules to a member."""
        module, _, path = root.partition(":")
        while names and not path and f"{module}.{names[0]}" in _MODULES:
            module = f"{module}.{names.pop(0)}"
        if not names:
            return
        owner = path
        for name in names:
            full = f"{owner}.{name}" if owner else name
            self._note(node, module, full)
            owner = full

    def _note(self, node, module, path):
        known = _MODULES[module]
        member = surface.find(known, path) or self._nested(known, path)
        shown = f"{known}.{path}"
        self.uses.setdefault(shown, Use(node.lineno, shown, (member,) if member else ()))

    @staticmethod
    def _nested(module, path):
        """Values of enumerations and what hangs on them are as supported as the enumeration."""
        owner = path.rpartition(".")[0]
        while owner:
            member = surface.find(module, owner)
            if member is not None:
                return member
            owner = owner.rpartition(".")[0]
        return None

    def _note_module(self, node, name):
        """An import of a module is a use where the module as a whole is refused."""
        known = _MODULES[name]
        member = surface.find(known.rpartition(".")[0], known.rpartition(".")[2]) if "." in known else None
        if member is not None and member.status == surface.REFUSED:
            self.uses.setdefault(known, Use(node.lineno, known, (member,)))

    def _note_attribute(self, node, name):
        members = surface.by_name().get(name, ())
        if name in _COMMON or not members or not any(member.owner for member in members):
            return
        members = tuple(member for member in members if member.owner)
        owners = sorted({member.owner for member in members})
        shown = f"{'/'.join(owners[:2])}{'/…' if len(owners) > 2 else ''}.{name}"
        self.uses.setdefault(shown, Use(node.lineno, shown, members))


def uses_of(source: str, name: str = "<script>") -> list[Use]:
    """The members a script uses, in the order of their first use."""
    finder = _Finder()
    tree = ast.parse(source, name)
    # Imports first: functions that use a module may stand before the import that a `try` or a function holds.
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            finder.visit(node)
    finder.visit(tree)
    if not finder.aliases:
        return []
    return sorted(finder.uses.values(), key=lambda use: (use.line, use.name))


def print_report(paths: list[str]) -> int:
    """Prints the report on scripts; the exit status is 1 when they use something that is refused or unknown."""
    worst = 0
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                uses = uses_of(file.read(), path)
        except (OSError, SyntaxError, UnicodeDecodeError) as error:
            print(f"{path}: cannot be read as a Python script: {error}")
            worst = 2
            continue
        print(_text(path, uses))
        if any(use.status in (surface.REFUSED, "unknown") for use in uses):
            worst = max(worst, 1)
    return worst


def _text(path: str, uses: list[Use]) -> str:
    if not uses:
        return f"{path}: uses neither TensorRT nor CUDA"
    width = max(len(use.name) for use in uses)
    lines = [
        f"  {use.line:>5}  {use.name:<{width}}  {use.status}{': ' if use.note else ''}{use.note}" for use in uses
    ]
    counts = [
        f"{sum(use.status == status for use in uses)} {status}"
        for status in (surface.SUPPORTED, surface.NO_EFFECT, surface.REFUSED, "unknown")
    ]
    return "\n".join([f"{path}: {', '.join(counts)}", "   line  member and status", *lines])


def members() -> str:
    """Every member and what it does here, as a Markdown table."""
    return surface.table()
