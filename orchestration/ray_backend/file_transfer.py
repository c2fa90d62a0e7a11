"""Copies data and text encoders from the driver's machine to the nodes of a cluster, once to each, through Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dmd.errors import DataError, DmdError
from orchestration.executors.protocol import NodeInputs
from orchestration.node_setup.requirements import NodeRequirements
from orchestration.node_setup.shipped_files import ShippedFolder
from orchestration.process.errors import NodeIncompatible
from orchestration.ray_backend.placement import pin_to_driver_node

BLOCK = 8 << 20
"""Bytes of one transfer."""
_AHEAD = 4
"""Blocks requested ahead while one is written."""


class FileServer:
    """The actor that serves shipped folders, block by block, to nodes that lack them; it reads them on request."""

    def __init__(self) -> None:
        self._files: dict[ShippedFolder, dict[str, Path]] = {}

    def has(self, shipped: ShippedFolder) -> bool:
        """Whether this actor's node has the folder; it does not where the driver is a Ray client."""
        return shipped.is_local()

    def receive(self, shipped: ShippedFolder, blocks: Mapping[str, list[Any]]) -> None:
        """Store a folder that the driver sends in the cache of this node.

        Args:
            shipped: the folder.
            blocks: file -> references to its blocks, in order.
        """

        def write(folder: Path) -> None:
            _write_folder(folder, {name: map(ray.get, references) for name, references in blocks.items()})

        shipped.cache(write)

    def sizes(self, shipped: ShippedFolder) -> dict[str, int]:
        """Bytes of every file."""
        return {name: path.stat().st_size for name, path in self._get_files(shipped).items()}

    def read(self, shipped: ShippedFolder, name: str, offset: int) -> bytes:
        """One block of a file.

        Args:
            shipped: the folder.
            name: of the file in it.
            offset: first byte.

        Returns:
            At most ``BLOCK`` bytes; empty at the end of the file.
        """
        with self._get_files(shipped)[name].open("rb") as file:
            file.seek(offset)
            return file.read(BLOCK)

    def _get_files(self, shipped: ShippedFolder) -> dict[str, Path]:
        if shipped not in self._files:
            self._files[shipped] = {path.name: path for path in _find_files(shipped)}
        return self._files[shipped]


@dataclass(frozen=True)
class RayFileProvider:
    """A :class:`orchestration.executors.protocol.FileProvider` that copies through Ray.

    Attributes:
        requirements: what a node must have.
        server: handle of the FileServer actor; None where no file has to be copied.
    """

    requirements: NodeRequirements
    server: Any

    def prepare_node(self) -> NodeInputs:
        return self.requirements.prepare_node(self._fetch)

    def _fetch(self, shipped: ShippedFolder, folder: Path) -> None:
        """Copy from the server into the new folder ``folder``. Raises DataError."""
        try:
            sizes = ray.get(self.server.sizes.remote(shipped))
            _write_folder(folder, {name: self._blocks(shipped, name, size) for name, size in sizes.items()})
        except RayError as error:
            raise DataError(f"it cannot be copied from the driver's machine ({_last_line(error)})") from error

    def _blocks(self, shipped: ShippedFolder, name: str, size: int) -> Iterator[bytes]:
        asked: list[Any] = []
        for offset in range(0, size, BLOCK):
            asked.append(self.server.read.remote(shipped, name, offset))
            if len(asked) > _AHEAD:
                yield ray.get(asked.pop(0))
        yield from (ray.get(block) for block in asked)


def start_file_server(requirements: NodeRequirements, is_ray_client: bool) -> RayFileProvider:
    """Start the FileServer, if any file may have to be copied.

    Args:
        requirements: what the nodes must have.
        is_ray_client: whether this driver runs on none of the cluster's nodes; the head node then gets the files first.

    Raises:
        NodeIncompatible: the head node cannot store them.
    """
    if not requirements.shipped_folders:
        return RayFileProvider(requirements, None)
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, **pin_to_driver_node(is_ray_client)}
    server = ray.remote(FileServer).options(**options).remote()
    if is_ray_client:
        for shipped in requirements.shipped_folders:
            _send(shipped, server)
    return RayFileProvider(requirements, server)


def _send(shipped: ShippedFolder, server: Any) -> None:
    try:
        if not ray.get(server.has.remote(shipped)):
            blocks = {path.name: [ray.put(block) for block in _read(path)] for path in shipped.local_files()}
            ray.get(server.receive.remote(shipped, blocks))
    except (RayError, DmdError, OSError) as error:
        raise NodeIncompatible(f"{shipped.what}: cannot be copied to the head node: {_last_line(error)}") from error


def require_compatible_nodes(provider: RayFileProvider, can_train: Callable[[Mapping[str, float]], bool]) -> None:
    """Prepare all living nodes that can train, at the same time, before any trial starts there.

    A node that joins later is prepared by its first worker.

    Args:
        provider: prepares one node.
        can_train: tells from a node's resources whether a worker fits on it.

    Raises:
        NodeIncompatible: with one line for each node that cannot be used.
    """
    prepare = ray.remote(_try_to_prepare)
    asked = []
    for node in ray.nodes():  # type: ignore[no-untyped-call]
        if node["Alive"] and can_train(node["Resources"]):
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            answer = prepare.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(provider)
            asked.append((node["NodeManagerHostname"], answer))
    problems = [problem for name, answer in asked if (problem := _answer_of(name, answer)) is not None]
    if problems:
        raise NodeIncompatible("\n".join(dict.fromkeys(problems)))


def _try_to_prepare(provider: RayFileProvider) -> str | None:
    """What is wrong with this node, or None."""
    try:
        provider.prepare_node()
    except (NodeIncompatible, OSError) as error:
        return str(error)
    return None


def _answer_of(name: str, answer: Any) -> str | None:
    try:
        problem: str | None = ray.get(answer)
    except (ray.exceptions.NodeDiedError, ray.exceptions.WorkerCrashedError):
        # The node has left the cluster; the others will train.
        return None
    except RayError as error:
        return f"node {name}: cannot run trials: {_last_line(error)}; install dmd-search, or what it needs, there"
    return problem


def _find_files(shipped: ShippedFolder) -> list[Path]:
    """The driver's own files, or, where the driver is a Ray client, those that it has sent."""
    try:
        return shipped.local_files()
    except (DmdError, OSError) as error:
        missing = error

    def fail(folder: Path) -> None:
        raise missing

    return list(shipped.cache(fail).iterdir())


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _write_folder(folder: Path, blocks: Mapping[str, Iterator[bytes]]) -> None:
    folder.mkdir()
    for name, content in blocks.items():
        with (folder / name).open("wb") as file:
            for block in content:
                file.write(block)


def _last_line(error: Exception) -> str:
    """The last line of an error: errors of other processes have their reason there."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else type(error).__name__
