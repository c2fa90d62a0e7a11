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
from orchestration.driver.endings import DISK_ERRNOS
from orchestration.executors.protocol import NodeInputs
from orchestration.node_setup.cache import CACHE_VARIABLE, cache_directory
from orchestration.node_setup.fingerprint import Fingerprint, take_fingerprint
from orchestration.node_setup.shipped_files import ShippedBert, ShippedData, ShippedFolder
from orchestration.process.errors import NodeIncompatible

Fetch = Callable[[ShippedFolder, Path], object]
"""Copies a folder from the driver's machine into a new one on this node."""


@dataclass(frozen=True)
class NodeRequirements:
    """What every node must have. A description, not the files themselves: picklable and small.

    Attributes:
        software: the driver's.
        data: the study's.
        berts: the text encoders that trials may name.
        transformers: the driver's version of the library that reads text encoders; None if no trial names one.
    """

    software: Fingerprint
    data: ShippedData
    berts: tuple[ShippedBert, ...] = ()
    transformers: str | None = None

    @property
    def shipped_folders(self) -> tuple[ShippedFolder, ...]:
        """All that may have to be copied."""
        return (*([self.data] if self.data.place is not None else []), *self.berts)

    def prepare_node(self, fetch: Fetch) -> NodeInputs:
        """Check the software of this node and find its inputs: at the driver's path if the same content is there,
        otherwise in the node's cache.

        Args:
            fetch: called for a folder that the cache does not hold yet.

        Raises:
            NodeIncompatible: one line that names the node.
            OSError: the node's disk is full.
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
        return NodeInputs(dataset, directories)


@contextlib.contextmanager
def _needs(shipped: ShippedFolder) -> Iterator[None]:
    """Errors on the way to a folder are the node's, not a trial's: raise them as NodeIncompatible."""
    try:
        yield
    except DmdError as error:
        raise NodeIncompatible(f"node {node_name()}: {shipped.what} cannot be used there: {error}") from error
    except OSError as error:
        if error.errno in DISK_ERRNOS:
            raise
        raise NodeIncompatible(
            f"node {node_name()}: {shipped.what} cannot be stored in {cache_directory()} ({error.strerror}); set "
            f"{CACHE_VARIABLE} there to a directory that can be written, or put the files where the driver has them"
        ) from error


def require_software(expected: Fingerprint) -> None:
    """Raise NodeIncompatible, naming all that differs, where the software of this process would give other numbers.

    Builds of one version of torch (``+cpu``, ``+cu128``) pass: a driver need not have the one of its GPU nodes.
    """
    found = take_fingerprint(expected.device, expected.threads, expected.workers)
    different = [
        f"{name} is {_public(mine)} there, {_public(theirs)} here"
        for name, mine in found.as_dict().items()
        if _public(mine) != _public(theirs := expected.as_dict()[name])
    ]
    if different:
        raise NodeIncompatible(
            f"node {node_name()}: results would not be comparable: {'; '.join(different)}; {_remedy(found, expected)}"
        )


def require_transformers(expected: str) -> None:
    """Raise NodeIncompatible where this process would read a BERT with another version of the library, or with none."""
    try:
        found = version("transformers")
    except PackageNotFoundError:
        raise NodeIncompatible(f"node {node_name()}: a BERT cannot be read there; {EXTRA} there") from None
    if found != expected:
        raise NodeIncompatible(
            f"node {node_name()}: results would not be comparable: transformers is {found} there, {expected} here; "
            "install the same version on both"
        )


def node_name() -> str:
    """The host name of this node."""
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
