"""Records what Python code of this process does to the files below a folder, without ``strace``.

Waits for the disk and renames are noted when they are asked for. What was written or removed since is found by looking,
before each of them and whenever :meth:`Watched.look` is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.power_cut.disk import Disk
from benchmarks.power_cut.operations import Operation


class Watched:
    """The operations below ``root``, which is empty, since ``patch`` was given."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.operations: list[Operation] = []
        self._seen: dict[Path, bytes | None] = {}
        self._calls = os.fsync, os.replace
        patch.setattr(os, "fsync", self._sync)
        patch.setattr(os, "replace", self._replace)

    def look(self) -> None:
        """Note what was written and removed since the last look."""
        found = {path: None if path.is_dir() else path.read_bytes() for path in sorted(self.root.rglob("*"))}
        for path in sorted(self._seen.keys() - found.keys(), reverse=True):
            self.operations.append(Operation("remove", path))
        for path, content in found.items():
            if path not in self._seen:
                self.operations.append(Operation("folder" if content is None else "create", path))
            if content is not None and content != (before := self._seen.get(path) or b""):
                self._note_content(path, before, content)
        self._seen = found

    def moments(self, has_syncs: bool = True) -> Iterator[tuple[Operation, Disk]]:
        """The disk after each operation. has_syncs: whether waits for the disk wait."""
        disk = Disk(self.root)
        for operation in self.operations:
            if has_syncs or operation.kind != "sync":
                disk.do(operation)
            yield operation, disk

    def _note_content(self, path: Path, before: bytes, content: bytes) -> None:
        if not content.startswith(before):
            self.operations.append(Operation("truncate", path))
            before = b""
        if added := content[len(before) :]:
            self.operations.append(Operation("write", path, offset=len(before), data=added))

    def _sync(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if self.root == path or self.root in path.parents:
            self.look()
            self.operations.append(Operation("sync", path))

    def _replace(self, source: Path, target: Path) -> None:
        self.look()
        self._calls[1](source, target)
        if self.root in Path(target).parents:
            self.operations.append(Operation("rename", Path(source), Path(target)))
            self._seen[Path(target)] = self._seen.pop(Path(source))
