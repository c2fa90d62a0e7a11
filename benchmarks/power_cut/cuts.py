"""The states that a machine could have kept when its power was cut at one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from benchmarks.power_cut.disk import Disk, File, Kept, Naming, Tree

_MOST = 6
"""Changes of names, and files, that are left out or kept one by one: the latest. Those before had their turn when they
were the latest; now they go with all."""


@dataclass(frozen=True)
class Cut:
    """One state after a cut. how: what was kept, in words. tree: what is there."""

    how: str
    tree: Tree

    @property
    def fingerprint(self) -> bytes:
        """Equal for equal trees."""
        digest = hashlib.blake2b(digest_size=16)
        for path, content in self.tree.items():
            digest.update(f"{path}\0".encode() + (b"folder" if content is None else content.digest))
        return digest.digest()


def cuts_now(disk: Disk) -> Iterator[Cut]:
    """States that a cut could leave now; several may be equal."""
    namings = list(disk.namings)
    for kept in ("all", "none"):
        yield Cut(f"all names, of the data {kept}", disk.after_cut(namings, {}, kept))
        yield Cut(f"no names, of the data {kept}", disk.after_cut((), {}, kept))
    yield from _one_name(disk, namings)
    for file in disk.pending_files()[-_MOST:]:
        yield from _one_file(disk, namings, file)


def _one_name(disk: Disk, namings: list[Naming]) -> Iterator[Cut]:
    """One change of names alone is lost, or kept."""
    for naming in namings[-_MOST:]:
        others = [other for other in namings if other is not naming]
        yield Cut("all but one name, all data", disk.after_cut(others, {}, "all"))
        yield Cut("one name, all data", disk.after_cut([naming], {}, "all"))
        yield Cut("one name, no data", disk.after_cut([naming], {}, "none"))


def _one_file(disk: Disk, namings: list[Naming], file: File) -> Iterator[Cut]:
    """One file alone is not whole, or alone is."""
    kept: Kept
    for kept in get_args(Kept):
        if kept != "all":
            yield Cut(f"all names, of one file's data {kept}", disk.after_cut(namings, {file: kept}, "all"))
            yield Cut(f"no names, of one file's data {kept}", disk.after_cut((), {file: kept}, "all"))
    yield Cut("all names, one file's data", disk.after_cut(namings, {file: "all"}, "none"))
