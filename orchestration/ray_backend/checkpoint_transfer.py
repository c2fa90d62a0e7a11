"""Checkpoints of trials on nodes without a shared disk: an actor on the driver's node stores copies of them.

A node that leaves the cluster takes its disk along. The CheckpointStore then still has the last copy, and the node that
retries the trial starts from it.
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
from orchestration.ray_backend.placement import pin_to_driver_node

UPLOAD_EVERY_S = 10.0
"""Seconds between two uploads of a trial, at least; the epochs in between are trained again when a node is lost."""
MOST_UPLOAD_SHARE = 0.1
"""Largest share of a trial's time that goes into uploads: a checkpoint of gigabytes is uploaded more rarely."""

Files = Mapping[str, bytes]
"""The content of a folder without folders in it, by name."""


class CheckpointStore:
    """The actor that stores copies of checkpoints; workers and the driver call it, one call at a time.

    Args:
        directory: where to store them; None: in the cache of the actor's node.
        study: name of the folder in that cache, so that studies do not mix.
    """

    def __init__(self, directory: Path | None, study: str) -> None:
        self._directory = directory or cache_directory() / "states" / study

    def read(self, trial_id: str) -> Files:
        """The stored files of a trial; empty for a new one."""
        return read_folder(self._directory / trial_id)

    def write(self, trial_id: str, files: Files) -> None:
        """Store these files of a trial; they replace earlier ones of the same names."""
        write_folder(self._directory / trial_id, files)

    def drop(self, trial_id: str) -> None:
        """Forget a trial."""
        shutil.rmtree(self._directory / trial_id, ignore_errors=True)


@dataclass(frozen=True)
class CheckpointTransfer:
    """How workers get and send the checkpoints of trials; picklable, every worker has one.

    Attributes:
        store: handle of the CheckpointStore actor.
        marker_file: a file of the driver's with ``token`` in it. A process that reads the token there shares the
            driver's disk, and uses the checkpoint directory beside the file directly.
        token: random text of this session.
        is_ray_client: whether the driver runs on none of the cluster's nodes (``ray://``).
    """

    store: Any
    marker_file: Path
    token: str
    is_ray_client: bool

    def sees_directory(self) -> bool:
        """Whether this node may write checkpoints where the driver says."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            has_token = self.marker_file.read_text(encoding="utf-8") == self.token
            return has_token and os.access(self.marker_file.parent, os.W_OK)
        return False

    def download(self, trial_id: str, directory: Path, is_kept: bool) -> None:
        """Called by the driver when a trial has ended: write its last checkpoint, and delete the stored copy.

        Does nothing unless the driver is a Ray client.

        Args:
            trial_id: ours.
            directory: where the checkpoint is written.
            is_kept: whether to write it; False: it is only deleted.
        """
        if self.is_ray_client:
            if is_kept:
                write_folder(directory, ray.get(self.store.read.remote(trial_id)))
            self.store.drop.remote(trial_id)


class RemoteCheckpoint:
    """The checkpoint of one attempt: a folder on this node, and its copy in the CheckpointStore.

    The worker makes one before the attempt, calls ``upload`` after every epoch, and ``close`` at the end.
    """

    def __init__(self, transfer: CheckpointTransfer, trial_id: str) -> None:
        self._transfer = transfer
        self._trial_id = trial_id
        self._upload_at = time.monotonic() + UPLOAD_EVERY_S
        # Folders of workers that were killed.
        remove_abandoned()
        self._opened = contextlib.ExitStack()
        self.folder = self._opened.enter_context(temporary_directory("state-")) / "state"
        write_folder(self.folder, ray.get(transfer.store.read.remote(trial_id)))

    def upload(self, is_last: bool = False) -> None:
        """Copy the folder into the CheckpointStore, unless that was done a moment ago; always if ``is_last``."""
        began = time.monotonic()
        if is_last or began > self._upload_at:
            ray.get(self._transfer.store.write.remote(self._trial_id, read_folder(self.folder)))
            now = time.monotonic()
            self._upload_at = now + pause_after(now - began)

    def close(self) -> None:
        """Remove the folder."""
        self._opened.close()


def pause_after(took_s: float) -> float:
    """Seconds between the end of an upload that took ``took_s`` and the next one."""
    return max(UPLOAD_EVERY_S, took_s / MOST_UPLOAD_SHARE - took_s)


@contextlib.contextmanager
def start_checkpoint_store(directory: Path, study: str, is_ray_client: bool) -> Iterator[CheckpointTransfer]:
    """The CheckpointTransfer of one study, while its store runs.

    Args:
        directory: the study's checkpoint directory on the driver's machine, made if absent.
        study: names the study on a node that other studies may use.
        is_ray_client: whether the driver runs on none of the cluster's nodes; the store then runs on the head node.
    """
    directory.mkdir(parents=True, exist_ok=True)
    marker_file, token = directory / ".driver", secrets.token_hex(16)
    marker_file.write_text(token, encoding="utf-8")
    try:
        options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, **pin_to_driver_node(is_ray_client)}
        store = ray.remote(CheckpointStore).options(**options).remote(None if is_ray_client else directory, study)
        yield CheckpointTransfer(store, marker_file, token, is_ray_client)
    finally:
        marker_file.unlink(missing_ok=True)


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
