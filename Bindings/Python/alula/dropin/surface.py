# SPDX-License-Identifier: Apache-2.0
"""Every member of the interfaces Alula stands in for, and what it does here: ``surface.txt`` as data.

The one list that the report, the table in the chapter for TensorRT users, and the tests are made from.
"""

from __future__ import annotations

import functools
import pathlib
from typing import NamedTuple

SUPPORTED, NO_EFFECT, REFUSED = "supported", "no effect", "refused"
_STATUSES = {"yes": SUPPORTED, "no-op": NO_EFFECT, "refused": REFUSED}
_FILE = pathlib.Path(__file__).parent / "surface.txt"


class Member(NamedTuple):
    """A class, function or attribute."""

    #: The module: ``tensorrt``, ``pycuda.driver``, ``cuda.bindings.runtime``, …
    module: str
    #: The class it belongs to; empty for names of the module itself.
    owner: str
    name: str
    status: str
    #: Why it has no effect or is refused; what differs.
    note: str
    #: Whether TensorRT 10 no longer has it.
    is_retired: bool

    @property
    def path(self) -> str:
        """The name with its class."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


class Group(NamedTuple):
    """Members of one class that do the same, in the order of the file."""

    module: str
    owner: str
    status: str
    note: str
    is_retired: bool
    names: tuple[str, ...]


@functools.lru_cache(maxsize=None)
def groups() -> tuple[Group, ...]:
    """The file: ``[module Class]`` opens a class, ``status [<10]: names = note`` lists members."""
    result, module, owner = [], "", ""
    for number, line in enumerate(_FILE.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            module, _, owner = line[1:-1].partition(" ")
            continue
        head, _, rest = line.partition(":")
        names, _, note = rest.partition(" = ")
        word, *flags = head.split()
        if word not in _STATUSES or flags not in ([], ["<10"]):
            raise ValueError(f"surface.txt, line {number}: got '{head}', expected {', '.join(_STATUSES)}, and '<10' or nothing")
        result.append(Group(module, owner, _STATUSES[word], note.strip(), bool(flags), tuple(names.split())))
    return tuple(result)


@functools.lru_cache(maxsize=None)
def all_members() -> tuple[Member, ...]:
    """Every member, one by one."""
    return tuple(
        Member(group.module, group.owner, name, group.status, group.note, group.is_retired)
        for group in groups()
        for name in group.names
    )


@functools.lru_cache(maxsize=None)
def by_name() -> dict[str, tuple[Member, ...]]:
    """Members by their last name: what an attribute of an object of unknown type may be."""
    result: dict[str, list[Member]] = {}
    for member in all_members():
        result.setdefault(member.name, []).append(member)
    return {name: tuple(members) for name, members in result.items()}


def find(module: str, path: str) -> Member | None:
    """The member ``path``, such as ``ICudaEngine.serialize``, of a module."""
    owner, _, name = path.rpartition(".")
    for member in by_name().get(name, ()):
        if member.module == module and member.owner == owner:
            return member
    return None


def explain_missing(module: str, name: str) -> str:
    """Why a module has no such name."""
    member = find(module, name)
    if member is None:
        return f"module '{module}' has no attribute '{name}'"
    if member.status == REFUSED:
        return f"{module}.{name} is not supported by Alula: {member.note}"
    return f"{module}.{name} is not part of the version stood in for"


def remove_retired(module) -> None:
    """Takes away what TensorRT 10 no longer has, so that ``hasattr`` answers as it would there."""
    for member in all_members():
        if not member.is_retired or member.module != module.__name__ or member.status == REFUSED:
            continue
        owner = getattr(module, member.owner, None) if member.owner else module
        for place in getattr(owner, "__mro__", (owner,)):
            if place is not None and member.name in vars(place):
                delattr(place, member.name)
                break


def table() -> str:
    """The table of the chapter for TensorRT users, in Markdown: one a module, a row for what does the same in a class."""
    rows: dict[tuple, list[str]] = {}
    for group in groups():
        rows.setdefault((group.module, group.owner, group.status, group.note, group.is_retired), []).extend(group.names)
    lines, heading = [], None
    for (module, owner, status, note, is_retired), names in rows.items():
        if module != heading:
            heading = module
            lines += ["", f"### {module}", "", "| Class | Members | Here |", "|---|---|---|"]
        text = status + (" (8.6 only)" if is_retired else "") + (f": {note}" if note else "")
        shown = ", ".join(f"`{name}`" for name in names)
        lines.append(f"| {f'`{owner}`' if owner else ''} | {shown} | {text} |")
    return "\n".join(lines).strip() + "\n"
