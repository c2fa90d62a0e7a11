"""What the nodes of a cluster need and the driver's machine has: each of it a folder that can be copied."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import NOTHING, Declared
from dmd.data.formats.load import convert_dataset, find_data, load_dataset, open_dataset
from dmd.data.formats.memory_mapped import MANIFEST, VERSION, is_mapped, read_mapped
from dmd.errors import DataError, DmdError
from dmd.models.bert_files import digest_bert, files_of_bert
from orchestration.node_setup.cache import cached_folder

Fill = Callable[[Path], object]
"""Makes the folder that it is given."""


class Parcel(Protocol):
    """One such folder. Equal parcels have equal contents, wherever they come from."""

    @property
    def what(self) -> str:
        """What people call it."""
        ...

    def is_here(self) -> bool:
        """Whether this machine has it at the driver's place."""
        ...

    def files_here(self) -> list[Path]:
        """The files of the folder, on the driver's machine. Raises DmdError or OSError where they are gone."""
        ...

    def keep(self, fill: Fill) -> Path:
        """The folder in the cache of this machine; ``fill`` makes it if nobody has yet.

        Raises DataError if that is something else, OSError where the cache cannot be written.
        """
        ...


@dataclass(frozen=True)
class DataParcel:
    """The study's data. name: as the space has it. place: where the driver found them; None for planted data, which
    every node makes by itself. declared: what the space says of them."""

    name: str
    place: Path | None
    declared: Declared
    content_hash: str

    @property
    def what(self) -> str:
        return "the study's data"

    def is_here(self) -> bool:
        return self.find_here() is not None

    def find_here(self) -> Dataset | None:
        """The data where the driver found them, or None where this machine has none, or others, at that place."""
        if self.place is None:
            return open_dataset(self.name, None, self.declared)
        # Whatever is wrong with a file that happens to be there, the driver's is right.
        with contextlib.suppress(DmdError, OSError):
            is_folder = is_mapped(self.place)
            found = read_mapped(self.place, self.declared, verify=False) if is_folder else self._read_file(self.place)
            if found is not None and found.content_hash == self.content_hash:
                return found
        return None

    def files_here(self) -> list[Path]:
        """As they are, or converted into the cache."""
        assert self.place is not None
        folder, place = self.place, self.place
        if not is_mapped(place) or self.declared != NOTHING:
            folder = self.keep(lambda made: convert_dataset(str(place), made, None, self.declared))
        elif not self.is_here():
            raise DataError(f"{place}: has changed since the study began")
        return [*sorted(folder.glob("*.npy")), folder / MANIFEST]

    def keep(self, fill: Fill) -> Path:
        # Of the format as well: what another version has put there is none of ours.
        return cached_folder(
            f"{self.content_hash}-{VERSION}",
            fill,
            lambda made: f"{read_mapped(made, verify=True).content_hash}-{VERSION}",
        )

    def open(self, fill: Fill) -> Dataset:
        """The data on this node: those at the driver's place, else those of its cache."""
        found = self.find_here()
        return found if found is not None else read_mapped(self.keep(fill), verify=False)

    def _read_file(self, place: Path) -> Dataset | None:
        return load_dataset(place, self.declared) if place.is_file() else None


@dataclass(frozen=True)
class BertParcel:
    """A text encoder. path: as the space has it. place: where the driver found it."""

    path: str
    place: Path
    digest: str

    @property
    def what(self) -> str:
        return f"the BERT {self.path!r}"

    def is_here(self) -> bool:
        with contextlib.suppress(OSError):
            return self.place.is_dir() and digest_bert(self.place) == self.digest
        return False

    def files_here(self) -> list[Path]:
        if not self.is_here():
            raise DataError(f"{self.place}: is gone, or has changed since the study began")
        return files_of_bert(self.place)

    def keep(self, fill: Fill) -> Path:
        return cached_folder(self.digest, fill, digest_bert)

    def open(self, fill: Fill) -> Path:
        """Its directory on this node: the driver's place, else one of the cache."""
        return self.place if self.is_here() else self.keep(fill)


def make_data_parcel(name: str, data_dir: Path | None, declared: Declared, content_hash: str) -> DataParcel:
    """That of the data that were opened by this name."""
    place = find_data(name, data_dir)
    return DataParcel(name, None if place is None else place.absolute(), declared, content_hash)
