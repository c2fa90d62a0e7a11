"""Data from the driver's machine to the nodes of a cluster, once to each, through Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dmd.data.dataset import Dataset
from dmd.data.mapped import MANIFEST
from dmd.errors import DataError, DmdError
from orchestration.cargo import Cargo
from orchestration.errors import NodeUnfit
from orchestration.executors.ray_places import at_home
from orchestration.node_cache import cache_directory, cached_data

BLOCK = 8 << 20
"""Bytes that travel at a time."""
_AHEAD = 4
"""Blocks that are under way while one is written."""


class DataDesk:
    """The actor that hands out the data, in blocks, to whoever does not have them. It reads them when it is asked."""

    def __init__(self, cargo: Cargo) -> None:
        self._cargo = cargo
        self._folder: Path | None = None

    def has_data(self) -> bool:
        """Whether they are where it lives: not where the driver runs outside the cluster."""
        return self._cargo.find_here() is not None

    def receive(self, blocks: Mapping[str, list[Any]]) -> None:
        """Keep the data that the driver sends, in the cache of the node. blocks: references to them, by file."""

        def write(folder: Path) -> None:
            _write_folder(folder, {name: map(ray.get, references) for name, references in blocks.items()})

        cached_data(self._cargo.content_hash, write)
        self._folder = cache_directory() / self._cargo.content_hash

    def sizes(self) -> dict[str, int]:
        """Bytes of every file."""
        return {path.name: path.stat().st_size for path in _files_in(self._get_folder())}

    def read(self, name: str, offset: int) -> bytes:
        """One block of a file."""
        with (self._get_folder() / name).open("rb") as file:
            file.seek(offset)
            return file.read(BLOCK)

    def _get_folder(self) -> Path:
        if self._folder is None:
            self._folder = self._cargo.folder_here()
        return self._folder


@dataclass(frozen=True)
class RaySupply:
    """See :class:`orchestration.executors.protocol.Supply`. desk: the handle of the DataDesk; None for planted data."""

    cargo: Cargo
    desk: Any

    def dataset(self) -> Dataset:
        return self.cargo.open_on_node(self._fetch)

    def _fetch(self, folder: Path) -> None:
        """Copy the data from the desk into the new folder ``folder``."""
        try:
            sizes = ray.get(self.desk.sizes.remote())
            _write_folder(folder, {name: self._blocks(name, size) for name, size in sizes.items()})
        except RayError as error:
            raise DataError(f"they do not come from the driver's machine ({_last_line(error)})") from error

    def _blocks(self, name: str, size: int) -> Iterator[bytes]:
        asked: list[Any] = []
        for offset in range(0, size, BLOCK):
            asked.append(self.desk.read.remote(name, offset))
            if len(asked) > _AHEAD:
                yield ray.get(asked.pop(0))
        yield from (ray.get(block) for block in asked)


def open_supply(cargo: Cargo, is_outside: bool) -> RaySupply:
    """Start what hands out the data. is_outside: this driver runs on no node, so the data go to the head node first.

    Raises NodeUnfit where the data cannot be kept there.
    """
    if cargo.place is None:
        return RaySupply(cargo, None)
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, **at_home(is_outside)}
    desk = ray.remote(DataDesk).options(**options).remote(cargo)
    if is_outside:
        _send(cargo, desk)
    return RaySupply(cargo, desk)


def _send(cargo: Cargo, desk: Any) -> None:
    try:
        if not ray.get(desk.has_data.remote()):
            blocks = {path.name: [ray.put(block) for block in _read(path)] for path in _files_in(cargo.folder_here())}
            ray.get(desk.receive.remote(blocks))
    except (RayError, DmdError, OSError) as error:
        raise NodeUnfit(f"the study's data do not reach the head node: {_last_line(error)}") from error


def require_fit_nodes(supply: RaySupply, can_train: Callable[[Mapping[str, float]], bool]) -> None:
    """Get every living node ready that can train at all, all at once, before a trial is spent on it.

    Raises NodeUnfit with a line for each that is not fit. Nodes that come later are asked by their first worker.
    """
    make_ready = ray.remote(_make_ready)
    asked = []
    for node in ray.nodes():  # type: ignore[no-untyped-call]
        if node["Alive"] and can_train(node["Resources"]):
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            answer = make_ready.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(supply)
            asked.append((node["NodeManagerHostname"], answer))
    problems = [problem for name, answer in asked if (problem := _answer_of(name, answer)) is not None]
    if problems:
        raise NodeUnfit("\n".join(dict.fromkeys(problems)))


def _make_ready(supply: RaySupply) -> str | None:
    """What is wrong with this node, or None."""
    try:
        supply.dataset()
    except (NodeUnfit, OSError) as error:
        return str(error)
    return None


def _answer_of(name: str, answer: Any) -> str | None:
    try:
        problem: str | None = ray.get(answer)
    except (ray.exceptions.NodeDiedError, ray.exceptions.WorkerCrashedError):
        # It has left; the others will train.
        return None
    except RayError as error:
        return f"node {name}: cannot run trials: {_last_line(error)}; install dmd-search, or what it needs, there"
    return problem


def _files_in(folder: Path) -> list[Path]:
    # The manifest last: with it a folder is whole.
    return [*sorted(folder.glob("*.npy")), folder / MANIFEST]


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
    """What an error says at its end, where the errors of other processes have their reason."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else type(error).__name__
