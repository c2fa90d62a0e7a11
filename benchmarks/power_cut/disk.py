"""A disk as POSIX promises it: what was synced stays, and of everything else any part may.

A file's content stays as far as ``fsync`` of the file has come. A name stays once its *folder* was synced; until then
every change of names (a new file, a rename, a removal) is kept or not, each for itself, whatever became of the others.
A rename is kept whole or not at all, as file systems with a journal have it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from benchmarks.power_cut.operations import Operation

Kept = Literal["all", "none", "half", "torn", "zeros", "hole"]
"""What is kept of a file's unsynced changes: all; none; the first half of them; all but the end of the last one, which
is cut off, or zeros; all but the first one, in whose place are zeros (or what was there before)."""


@dataclass(frozen=True)
class Change:
    """Of a file: data at an offset, or (data is None) another size."""

    offset: int
    data: bytes | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """What a file holds."""

    data: bytes

    @cached_property
    def digest(self) -> bytes:
        """Equal for equal data."""
        return hashlib.blake2b(self.data, digest_size=16).digest()


EMPTY = Content(b"")


@dataclass(eq=False)
class File:
    """durable: what a power cut leaves for certain. pending: what was done since. live: what programs see."""

    durable: Content = EMPTY
    pending: list[Change] = field(default_factory=list)
    live: bytearray = field(default_factory=bytearray)
    _known: dict[Kept, Content] = field(default_factory=dict)

    def do(self, change: Change) -> None:
        """Change it, unsynced."""
        _apply(self.live, change)
        self.pending.append(change)
        self._known.clear()

    def sync(self) -> None:
        """All of it is on disk now."""
        self.durable = self.after_cut("all")
        self.pending.clear()
        self._known.clear()

    def after_cut(self, kept: Kept) -> Content:
        """What the file holds when the machine is on again."""
        if not self.pending or kept == "none":
            return self.durable
        if kept not in self._known:
            self._known[kept] = Content(bytes(self.live) if kept == "all" else self._rebuild(kept))
        return self._known[kept]

    def _rebuild(self, kept: Kept) -> bytes:
        content = bytearray(self.durable.data)
        for change in _surviving(self.pending, kept):
            _apply(content, change)
        return bytes(content)


@dataclass(eq=False)
class Folder:
    """Names of files and folders: as programs see them, and as a power cut leaves them for certain."""

    live: dict[str, Node] = field(default_factory=dict)
    durable: dict[str, Node] = field(default_factory=dict)


Node = File | Folder


@dataclass(frozen=True, eq=False)
class Naming:
    """One unsynced change of names: ``new`` names a node, and what had the name ``gone`` has it no more.

    folder: where the change must be synced.
    """

    folder: Folder
    gone: tuple[Folder, str] | None = None
    new: tuple[Folder, str, Node] | None = None


Tree = dict[Path, Content | None]
"""Relative path -> content of a file, or None for a folder; folders before what is in them."""


class Disk:
    """What lies below ``root``, which itself is there for certain."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top = Folder()
        self.namings: list[Naming] = []
        self._pending: dict[File, None] = {}

    def do(self, operation: Operation, content: bytes = b"") -> None:
        """Take in one operation below the root. content: what a copy copies."""
        parent, name = self._locate(operation.path)
        node = parent.live.get(name) if name else parent
        match operation.kind:
            case "create" if node is None:
                self._name(Naming(parent, new=(parent, name, File())))
            case "folder":
                self._name(Naming(parent, new=(parent, name, Folder())))
            case "remove":
                self._name(Naming(parent, gone=(parent, name)))
            case "rename":
                assert operation.other is not None
                assert node is not None
                target, new_name = self._locate(operation.other)
                self._name(Naming(target, (parent, name), (target, new_name, node)))
            case "sync" if isinstance(node, Folder):
                self._sync_names(node)
            case "sync" if isinstance(node, File):
                node.sync()
                self._pending.pop(node, None)
            case "truncate" | "write" | "copy" if isinstance(node, File):
                node.do(_change(operation, node, content))
                self._pending.pop(node, None)
                self._pending[node] = None
            case "link":
                raise ValueError(f"{operation.path}: links are not understood")

    def read(self, path: Path) -> bytes:
        """What programs read in the file at ``path``."""
        parent, name = self._locate(path)
        file = parent.live[name]
        assert isinstance(file, File)
        return bytes(file.live)

    def pending_files(self) -> list[File]:
        """Files with unsynced changes, those last that changed last."""
        return list(self._pending)

    def live(self) -> Tree:
        """What programs see."""
        return _walk(self.top, lambda folder: folder.live, lambda file: file.after_cut("all"))

    def after_cut(self, namings: Sequence[Naming], kept: Mapping[File, Kept], otherwise: Kept) -> Tree:
        """What is there when the machine is on again.

        namings: those of :attr:`namings` that are kept. kept: of single files; all others are kept as ``otherwise``.
        """
        names: dict[Folder, dict[str, Node]] = {}
        for naming in namings:
            for change in (naming.gone, naming.new):
                if change is not None:
                    names.setdefault(change[0], dict(change[0].durable))
            _rename(naming, lambda folder: names[folder])
        return _walk(
            self.top,
            lambda folder: names.get(folder, folder.durable),
            lambda file: file.after_cut(kept.get(file, otherwise)),
        )

    def _locate(self, path: Path) -> tuple[Folder, str]:
        """The folder that a path leads to, and the last name; the root itself has none."""
        *folders, name = path.relative_to(self.root).parts or ("",)
        folder = self.top
        for part in folders:
            found = folder.live[part]
            assert isinstance(found, Folder)
            folder = found
        return folder, name

    def _name(self, naming: Naming) -> None:
        _rename(naming, lambda folder: folder.live)
        self.namings.append(naming)

    def _sync_names(self, folder: Folder) -> None:
        synced = [naming for naming in self.namings if naming.folder is folder]
        for naming in synced:
            _rename(naming, lambda changed: changed.durable)
        # A name that was given in another folder, and has moved here for certain, does not come back there.
        gone = [naming.gone for naming in synced]
        self.namings = [
            naming
            for naming in self.namings
            if naming.folder is not folder and (naming.new is None or naming.new[:2] not in gone)
        ]


def _rename(naming: Naming, names_of: Callable[[Folder], dict[str, Node]]) -> None:
    if naming.gone is not None:
        names_of(naming.gone[0]).pop(naming.gone[1], None)
    if naming.new is not None:
        folder, name, node = naming.new
        names_of(folder)[name] = node


def _walk(top: Folder, names_of: Callable[[Folder], Mapping[str, Node]], content_of: Callable[[File], Content]) -> Tree:
    tree: Tree = {}

    def enter(folder: Folder, path: Path) -> None:
        for name, node in sorted(names_of(folder).items()):
            if isinstance(node, File):
                tree[path / name] = content_of(node)
            else:
                tree[path / name] = None
                enter(node, path / name)

    enter(top, Path())
    return tree


def _change(operation: Operation, file: File, content: bytes) -> Change:
    if operation.kind == "truncate":
        return Change(operation.size)
    offset = len(file.live) if operation.offset is None else operation.offset
    return Change(offset, operation.data or content)


def _surviving(pending: Sequence[Change], kept: Kept) -> Sequence[Change]:
    first, last = pending[0], pending[-1]
    data, middle = last.data or b"", len(last.data or b"") // 2
    match kept:
        case "half":
            return pending[: len(pending) // 2]
        case "torn":
            return [*pending[:-1], *([Change(last.offset, data[:middle])] if data else [])]
        case "zeros":
            return [*pending[:-1], *([Change(last.offset, data[:middle] + bytes(len(data) - middle))] if data else [])]
        case "hole":
            return pending[1:] if first.data is not None else pending
        case _:
            return pending


def _apply(content: bytearray, change: Change) -> None:
    if change.data is None:
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    end = change.offset + len(change.data)
    content.extend(bytes(max(end - len(content), 0)))
    content[change.offset : end] = change.data
