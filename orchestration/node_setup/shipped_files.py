"""Folders that the nodes of a cluster need and the driver's machine has: data and text encoders."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.load import convert_dataset, find_data, load_dataset, open_dataset
from dmd.data.formats.memory_mapped import MANIFEST, VERSION, is_mapped, read_mapped
from dmd.errors import DataError, DmdError
from dmd.models.bert_files import digest_bert, files_of_bert
from orchestration.node_setup.cache import cached_folder

Fill = Callable[[Path], object]
"""Makes the folder that it is given."""


class ShippedFolder(Protocol):
    """A folder that can be copied to a node, described by its content: equal values have equal contents.

    On the driver's node the FileServer calls ``local_files`` to serve it; on every node NodeRequirements.prepare_node
    opens it, from the driver's path or by way of ``cache``.
    """

    @property
    def what(self) -> str:
        """Its name in messages."""
        ...

    def is_local(self) -> bool:
        """Whether this machine has the content at the driver's path."""
        ...

    def local_files(self) -> list[Path]:
        """The files of the folder, on the driver's machine. Raises DmdError or OSError if they are gone."""
        ...

    def cache(self, fill: Fill) -> Path:
        """The folder in the cache of this machine; ``fill`` makes it if it is not there.

        Raises DataError if ``fill`` makes another content, OSError if the cache cannot be written.
        """
        ...


@dataclass(frozen=True)
class ShippedData:
    """The study's data.

    Attributes:
        name: as in the search space.
        place: path on the driver's machine; None for planted data, which every node generates.
        declared: what the search space says about the data.
        content_hash: of the values, whatever the file format.
    """

    name: str
    place: Path | None
    declared: Declared
    content_hash: str

    @property
    def what(self) -> str:
        return "the study's data"

    def is_local(self) -> bool:
        return self.find_local() is not None

    def find_local(self) -> Dataset | None:
        """The data at the driver's path; None if this machine has none, or others, there."""
        if self.place is None:
            return open_dataset(self.name, None, self.declared)
        # A damaged file that happens to be there does not matter: the driver's is right.
        with contextlib.suppress(DmdError, OSError):
            is_folder = is_mapped(self.place)
            found = read_mapped(self.place, self.declared, verify=False) if is_folder else self._read_file(self.place)
            if found is not None and found.content_hash == self.content_hash:
                return found
        return None

    def local_files(self) -> list[Path]:
        """Of the folder itself if it is memory-mapped, otherwise of a converted copy in the cache."""
        assert self.place is not None
        folder, place = self.place, self.place
        if not is_mapped(place) or self.declared != UNDECLARED:
            folder = self.cache(lambda made: convert_dataset(str(place), made, None, self.declared))
        elif not self.is_local():
            raise DataError(f"{place}: has changed since the study began")
        return [*sorted(folder.glob("*.npy")), folder / MANIFEST]

    def cache(self, fill: Fill) -> Path:
        # With the version of the format: a folder of another version is not ours.
        return cached_folder(
            f"{self.content_hash}-{VERSION}",
            fill,
            lambda made: f"{read_mapped(made, verify=True).content_hash}-{VERSION}",
        )

    def open(self, fill: Fill) -> Dataset:
        """The data on this node: at the driver's path if they are there, otherwise in the cache."""
        found = self.find_local()
        return found if found is not None else read_mapped(self.cache(fill), verify=False)

    def _read_file(self, place: Path) -> Dataset | None:
        return load_dataset(place, self.declared) if place.is_file() else None


@dataclass(frozen=True)
class ShippedBert:
    """A text encoder.

    Attributes:
        path: as in the search space.
        place: its directory on the driver's machine.
        digest: of its files.
    """

    path: str
    place: Path
    digest: str

    @property
    def what(self) -> str:
        return f"the BERT {self.path!r}"

    def is_local(self) -> bool:
        with contextlib.suppress(OSError):
            return self.place.is_dir() and digest_bert(self.place) == self.digest
        return False

    def local_files(self) -> list[Path]:
        if not self.is_local():
            raise DataError(f"{self.place}: is gone, or has changed since the study began")
        return files_of_bert(self.place)

    def cache(self, fill: Fill) -> Path:
        return cached_folder(self.digest, fill, digest_bert)

    def open(self, fill: Fill) -> Path:
        """Its directory on this node: the driver's path if it is there, otherwise one in the cache."""
        return self.place if self.is_local() else self.cache(fill)


def make_shipped_data(name: str, data_dir: Path | None, declared: Declared, content_hash: str) -> ShippedData:
    """The ShippedData of data that the driver has opened.

    Args:
        name: as in the search space.
        data_dir: where the driver looked for files; None: for planted data alone.
        declared: what the search space says about the data.
        content_hash: of the opened data.
    """
    place = find_data(name, data_dir)
    return ShippedData(name, None if place is None else place.absolute(), declared, content_hash)
