"""Checkpoints of trials on nodes that do not see the study's directory: their copies are kept at one desk.

A node that goes away takes its disk along. What its trials had reached lies at the desk, and whichever node tries them
again begins there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from orchestration.node_setup.cache import cache_directory
from orchestration.process.atomic_files import UNFINISHED, write_whole
from orchestration.process.temporary import remove_abandoned, temporary_directory
from orchestration.ray_backend.placement import at_home

SEND_EVERY_S = 10.0
"""How often a trial's state travels at most: what is trained since is trained again after a loss."""
SEND_SHARE = 0.1
"""Of a trial's time that it spends on that at most: a state of gigabytes travels more rarely."""

Files = Mapping[str, bytes]
"""The content of a folder without folders in it, by name."""


class StateDesk:
    """The actor that keeps copies. directory: where; None: in the cache of its node, under ``study``."""

    def __init__(self, directory: Path | None, study: str) -> None:
        self._directory = directory or cache_directory() / "states" / study

    def read(self, trial_id: str) -> Files:
        """What is kept of a trial; nothing if it is new."""
        return read_folder(self._directory / trial_id)

    def write(self, trial_id: str, files: Files) -> None:
        """Keep these files of a trial in place of earlier ones."""
        write_folder(self._directory / trial_id, files)

    def drop(self, trial_id: str) -> None:
        """Forget a trial."""
        shutil.rmtree(self._directory / trial_id, ignore_errors=True)


@dataclass(frozen=True)
class RayStates:
    """How workers come by the states of trials; picklable. mark: a file of the driver's that says ``token``: whoever
    reads it sees the directory that is beside it. is_outside: the driver runs on no node."""

    desk: Any
    mark: Path
    token: str
    is_outside: bool

    def sees_directory(self) -> bool:
        """Whether this node may write checkpoints where the driver says."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self.mark.read_text(encoding="utf-8") == self.token and os.access(self.mark.parent, os.W_OK)
        return False

    def bring_home(self, trial_id: str, directory: Path, is_kept: bool) -> None:
        """On the driver, when a trial has ended: its last state into ``directory`` if it is kept, and off the desk."""
        if self.is_outside:
            if is_kept:
                write_folder(directory, ray.get(self.desk.read.remote(trial_id)))
            self.desk.drop.remote(trial_id)


class TravellingState:
    """The state of one attempt: a folder of this node, and the copy of it at the desk."""

    def __init__(self, states: RayStates, trial_id: str) -> None:
        self._states = states
        self._trial_id = trial_id
        self._send_at = time.monotonic() + SEND_EVERY_S
        # Those of workers that were killed.
        remove_abandoned()
        self._opened = contextlib.ExitStack()
        self.folder = self._opened.enter_context(temporary_directory("state-")) / "state"
        write_folder(self.folder, ray.get(states.desk.read.remote(trial_id)))

    def send(self, is_last: bool = False) -> None:
        """Copy the folder to the desk, unless that was done a moment ago; the last state always."""
        began = time.monotonic()
        if is_last or began > self._send_at:
            ray.get(self._states.desk.write.remote(self._trial_id, read_folder(self.folder)))
            now = time.monotonic()
            self._send_at = now + pause_after(now - began)

    def close(self) -> None:
        """Remove the folder."""
        self._opened.close()


def pause_after(took_s: float) -> float:
    """Seconds from the end of a sending that took so long to the next one."""
    return max(SEND_EVERY_S, took_s / SEND_SHARE - took_s)


@contextlib.contextmanager
def open_states(directory: Path, study: str, is_outside: bool) -> Iterator[RayStates]:
    """What workers need for checkpoints of the study whose directory of them is ``directory``, made if absent."""
    directory.mkdir(parents=True, exist_ok=True)
    mark, token = directory / ".driver", secrets.token_hex(16)
    mark.write_text(token, encoding="utf-8")
    try:
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, **at_home(is_outside)}
        desk = ray.remote(StateDesk).options(**options).remote(None if is_outside else directory, study)
        yield RayStates(desk, mark, token, is_outside)
    finally:
        mark.unlink(missing_ok=True)


def read_folder(folder: Path) -> Files:
    """The files in ``folder`` that are whole; none if there is no such folder."""
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != UNFINISHED}


def write_folder(folder: Path, files: Files) -> None:
    """Write files into ``folder``, made if absent; each is there whole or not at all. Raises ValueError for a path."""
    if any(name in ("", ".", "..") or "/" in name for name in files):
        raise ValueError(f"names of files are no paths: {sorted(files)}")
    for name, content in files.items():
        write_whole(folder / name, content)
