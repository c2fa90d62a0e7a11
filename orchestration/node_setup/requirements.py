"""What must be equal on every node of a cluster for its trials to be comparable: data, text encoders and software."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dmd.errors import DmdError
from dmd.models.bert_files import EXTRA
from orchestration.driver.endings import NO_ROOM
from orchestration.executors.protocol import Unpacked
from orchestration.node_setup.cache import CACHE_VARIABLE, cache_directory
from orchestration.node_setup.fingerprint import Fingerprint, take_fingerprint
from orchestration.node_setup.shipped_files import BertParcel, DataParcel, Parcel
from orchestration.process.errors import NodeUnfit

Fetch = Callable[[Parcel, Path], object]
"""Copies a parcel from the driver's machine into a new folder."""


@dataclass(frozen=True)
class Cargo:
    """Told and not carried. software: what the driver has. berts: the text encoders that trials may name;
    transformers: the driver's version of the library that reads them, where there are any."""

    software: Fingerprint
    data: DataParcel
    berts: tuple[BertParcel, ...] = ()
    transformers: str | None = None

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """All that may have to travel."""
        return (*([self.data] if self.data.place is not None else []), *self.berts)

    def unpack(self, fetch: Fetch) -> Unpacked:
        """Everything on this node: where this node sees the same at the driver's place that, else what is in its cache,
        which ``fetch`` fills if nobody has yet.

        Raises NodeUnfit, one line that names the node; OSError where its disk is full.
        """
        require_software(self.software)
        if self.transformers is not None:
            require_transformers(self.transformers)
        with _needs(self.data):
            dataset = self.data.open(partial(fetch, self.data))
        directories = {}
        for bert in self.berts:
            with _needs(bert):
                directories[bert.path] = bert.open(partial(fetch, bert))
        return Unpacked(dataset, directories)


@contextlib.contextmanager
def _needs(parcel: Parcel) -> Iterator[None]:
    """What goes wrong while this node gets a parcel is no trial's fault."""
    try:
        yield
    except DmdError as error:
        raise NodeUnfit(f"node {node_name()}: {parcel.what} cannot be used there: {error}") from error
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise NodeUnfit(
            f"node {node_name()}: {parcel.what} cannot be kept in {cache_directory()} ({error.strerror}); set "
            f"{CACHE_VARIABLE} there to a directory that can be written, or put the files where the driver has them"
        ) from error


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


def require_transformers(expected: str) -> None:
    """Raise NodeUnfit where this process would read a BERT with another version of the library, or with none."""
    try:
        found = version("transformers")
    except PackageNotFoundError:
        raise NodeUnfit(f"node {node_name()}: a BERT cannot be read there; {EXTRA} there") from None
    if found != expected:
        raise NodeUnfit(
            f"node {node_name()}: results would not be comparable: transformers is {found} there, {expected} here; "
            "install the same version on both"
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
