"""Data and text encoders from the driver's machine to the nodes of a cluster, once to each, through Ray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from dmd.errors import DataError, DmdError
from orchestration.executors.protocol import Unpacked
from orchestration.node_setup.requirements import Cargo
from orchestration.node_setup.shipped_files import Parcel
from orchestration.process.errors import NodeUnfit
from orchestration.ray_backend.placement import at_home

BLOCK = 8 << 20
"""Bytes that travel at a time."""
_AHEAD = 4
"""Blocks that are under way while one is written."""


class ParcelDesk:
    """The actor that hands out parcels, in blocks, to whoever does not have them. It reads them when it is asked."""

    def __init__(self) -> None:
        self._files: dict[Parcel, dict[str, Path]] = {}

    def has(self, parcel: Parcel) -> bool:
        """Whether it is where this actor lives: not where the driver runs outside the cluster."""
        return parcel.is_here()

    def receive(self, parcel: Parcel, blocks: Mapping[str, list[Any]]) -> None:
        """Keep what the driver sends, in the cache of the node. blocks: references to them, by file."""

        def write(folder: Path) -> None:
            _write_folder(folder, {name: map(ray.get, references) for name, references in blocks.items()})

        parcel.keep(write)

    def sizes(self, parcel: Parcel) -> dict[str, int]:
        """Bytes of every file."""
        return {name: path.stat().st_size for name, path in self._get_files(parcel).items()}

    def read(self, parcel: Parcel, name: str, offset: int) -> bytes:
        """One block of a file."""
        with self._get_files(parcel)[name].open("rb") as file:
            file.seek(offset)
            return file.read(BLOCK)

    def _get_files(self, parcel: Parcel) -> dict[str, Path]:
        if parcel not in self._files:
            self._files[parcel] = {path.name: path for path in _find_files(parcel)}
        return self._files[parcel]


@dataclass(frozen=True)
class RaySupply:
    """See :class:`orchestration.executors.protocol.Supply`. desk: the handle of the ParcelDesk; None where nothing has
    to travel."""

    cargo: Cargo
    desk: Any

    def unpack(self) -> Unpacked:
        return self.cargo.unpack(self._fetch)

    def _fetch(self, parcel: Parcel, folder: Path) -> None:
        """Copy a parcel from the desk into the new folder ``folder``."""
        try:
            sizes = ray.get(self.desk.sizes.remote(parcel))
            _write_folder(folder, {name: self._blocks(parcel, name, size) for name, size in sizes.items()})
        except RayError as error:
            raise DataError(f"it does not come from the driver's machine ({_last_line(error)})") from error

    def _blocks(self, parcel: Parcel, name: str, size: int) -> Iterator[bytes]:
        asked: list[Any] = []
        for offset in range(0, size, BLOCK):
            asked.append(self.desk.read.remote(parcel, name, offset))
            if len(asked) > _AHEAD:
                yield ray.get(asked.pop(0))
        yield from (ray.get(block) for block in asked)


def open_supply(cargo: Cargo, is_outside: bool) -> RaySupply:
    """Start what hands out the parcels. is_outside: this driver runs on no node, so they go to the head node first.

    Raises NodeUnfit where they cannot be kept there.
    """
    if not cargo.parcels:
        return RaySupply(cargo, None)
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, **at_home(is_outside)}
    desk = ray.remote(ParcelDesk).options(**options).remote()
    if is_outside:
        for parcel in cargo.parcels:
            _send(parcel, desk)
    return RaySupply(cargo, desk)


def _send(parcel: Parcel, desk: Any) -> None:
    try:
        if not ray.get(desk.has.remote(parcel)):
            blocks = {path.name: [ray.put(block) for block in _read(path)] for path in parcel.files_here()}
            ray.get(desk.receive.remote(parcel, blocks))
    except (RayError, DmdError, OSError) as error:
        raise NodeUnfit(f"{parcel.what}: not to be had on the head node: {_last_line(error)}") from error


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
        supply.unpack()
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


def _find_files(parcel: Parcel) -> list[Path]:
    """Those at the driver's place, or, where that is on no node, those that the driver has sent."""
    try:
        return parcel.files_here()
    except (DmdError, OSError) as error:
        return list(parcel.keep(partial(_fail, error)).iterdir())


def _fail(error: Exception, folder: Path) -> None:
    raise error


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
