"""What must be equal on every node of a cluster for its trials to be comparable: the data and the software."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dmd.data.dataset import Dataset, LabelScale
from dmd.data.load import convert_dataset, find_data, load_dataset, open_dataset
from dmd.data.mapped import is_mapped, read_mapped
from dmd.errors import DmdError
from orchestration.endings import NO_ROOM
from orchestration.errors import NodeUnfit
from orchestration.fingerprint import Fingerprint, take_fingerprint
from orchestration.node_cache import CACHE_VARIABLE, cache_directory, cached_data


@dataclass(frozen=True)
class Cargo:
    """The data and the software of a study, told and not carried.

    name: of the data, as the space has it. place: where the driver found them; None for planted data, which every node
    makes by itself. content_hash, software: what the driver has.
    """

    name: str
    place: Path | None
    scale: LabelScale | None
    content_hash: str
    software: Fingerprint

    def open_on_node(self, fetch: Callable[[Path], object]) -> Dataset:
        """The data on this node: from the driver's place if this node sees the same data there, else from its cache,
        which ``fetch`` fills if nobody has yet.

        Raises NodeUnfit, one line that names the node; OSError where its disk is full.
        """
        require_software(self.software)
        try:
            found = self.find_here()
            return found if found is not None else cached_data(self.content_hash, fetch)
        except DmdError as error:
            raise NodeUnfit(f"node {node_name()}: the study's data cannot be used there: {error}") from error
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            raise NodeUnfit(
                f"node {node_name()}: the study's data cannot be kept in {cache_directory()} ({error.strerror}); set "
                f"{CACHE_VARIABLE} there to a directory that can be written, or put the file where the driver has it"
            ) from error

    def find_here(self) -> Dataset | None:
        """The data where the driver found them, or None where this machine has none, or others, at that place."""
        if self.place is None:
            return open_dataset(self.name, None, self.scale)
        # Whatever is wrong with a file that happens to be there, the driver's is right.
        with contextlib.suppress(DmdError, OSError):
            is_folder = is_mapped(self.place)
            found = read_mapped(self.place, self.scale, verify=False) if is_folder else self._read_file(self.place)
            if found is not None and found.content_hash == self.content_hash:
                return found
        return None

    def folder_here(self) -> Path:
        """The data as a folder that can be copied, on the driver's machine: as they are, or converted into its cache.

        Raises DmdError or OSError where they are gone, or have changed.
        """
        assert self.place is not None
        if is_mapped(self.place) and self.scale is None:
            return self.place
        place = self.place
        cached_data(self.content_hash, lambda folder: convert_dataset(str(place), folder, None, self.scale))
        return cache_directory() / self.content_hash

    def _read_file(self, place: Path) -> Dataset | None:
        return load_dataset(place, self.scale) if place.is_file() else None


def make_cargo(
    name: str, data_dir: Path | None, scale: LabelScale | None, data: Dataset, software: Fingerprint
) -> Cargo:
    """The cargo of a study over ``data``, which were opened by this name."""
    place = find_data(name, data_dir)
    return Cargo(name, None if place is None else place.absolute(), scale, data.content_hash, software)


def require_software(expected: Fingerprint) -> None:
    """Raise NodeUnfit, naming all that differs, where the software of this process would give other numbers.

    Builds of one version of torch (``+cpu``, ``+cu128``) pass: a driver need not have the one of its GPU nodes.
    """
    found = take_fingerprint(expected.device, expected.threads, expected.workers)
    different = [
        f"{name} is {_public(mine)} there, {_public(theirs)} here"
        for name, mine in found.as_dict().items()
        if _public(mine) != _public(theirs := expected.as_dict()[name])
    ]
    if different:
        raise NodeUnfit(
            f"node {node_name()}: results would not be comparable: {'; '.join(different)}; {_remedy(found, expected)}"
        )


def node_name() -> str:
    """What people call this node."""
    return socket.gethostname()


def _public(value: str | int) -> str:
    return str(value).partition("+")[0]


def _remedy(found: Fingerprint, expected: Fingerprint) -> str:
    if replace(found, kernels=expected.kernels, torch=expected.torch) == expected and found.kernels != expected.kernels:
        where = "there" if expected.kernels == "compiled" else "here"
        return (
            f"install dmd-search {where} with a C compiler (or, to go without, delete dmd/kernels/_native* elsewhere)"
        )
    return "install the same versions on both"
