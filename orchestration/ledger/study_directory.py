"""The directory of one study: its files and folders, and its manifest."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.ledger.file_names import MANIFEST_FILE
from orchestration.process.atomic_files import UNFINISHED, remove_half_written, write_whole
from orchestration.process.errors import UsageError
from reports.output.directory_lock import remove_unfinished
from reports.records.serialise import study_from_json, study_to_json
from reports.records.study_description import StudyDescription

MANIFEST_VERSION = 1
EXTERNAL_KEY = "external predictions of "
"""Begins the names under which digests of prediction files decide whether a study is the same."""
PLUGINS_FOLDER = "plugins"
PLUGIN_KEY = "plugin of "
"""Begins the names under which digests of plugins do."""


@dataclass(frozen=True)
class Manifest:
    """What a study was started with, and what later sessions made of it.

    Attributes:
        description: the study in the words of the report, as it was last planned, with what extended it.
        space: the resolved search space, without credentials.
        deciding: name -> what must not change between sessions (data, folds, code, torch, device, threads).
    """

    description: StudyDescription
    space: Mapping[str, Any]
    deciding: Mapping[str, Any]

    def ended_at(self, limit: str, wall_s: float | None = None) -> Manifest:
        """The manifest of a study that ended at a limit, in words (empty if it did not), after so many seconds."""
        return replace(self, description=replace(self.description, ended_by=limit, wall_s=wall_s))

    def to_text(self) -> str:
        """As JSON text; :meth:`from_text` gives back an equal manifest."""
        content = {
            "version": MANIFEST_VERSION,
            "description": study_to_json(self.description),
            "space": dict(self.space),
            "deciding": dict(self.deciding),
        }
        return json.dumps(content, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Manifest:
        """The manifest that ``text`` holds. Raises ValueError for another text."""
        try:
            content = json.loads(text)
            # Half a pair of UTF-16, which JSON can write and no file can hold, is no text.
            json.dumps(content, ensure_ascii=False).encode()
            return cls(study_from_json(content["description"]), content["space"], content["deciding"])
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"no manifest: {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class StudyDirectory:
    """``path`` holds the ledger, manifest, report, tables, MLflow database and artifacts of one study."""

    path: Path

    @property
    def manifest_path(self) -> Path:
        return self.path / MANIFEST_FILE

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """What libraries and workers had to say."""
        return self.path / "logs"

    @property
    def plugins(self) -> Path:
        """The user's files whose methods the study trains, as they were."""
        return self.path / PLUGINS_FOLDER

    @property
    def artifacts(self) -> Path:
        """Details and weights of finished trials, and MLflow's artifacts where it stores into the study directory."""
        return self.path / "artifacts"

    def write_manifest(self, manifest: Manifest) -> None:
        """Write it; a crash leaves the old one or the new one."""
        write_whole(self.manifest_path, manifest.to_text().encode())

    def read_manifest(self) -> Manifest | None:
        """The manifest, or None where no study was started. Raises UsageError for one that cannot be read."""
        if not self.manifest_path.exists():
            return None
        if not self.manifest_path.is_file():
            raise UsageError(f"{self.manifest_path}: is no plain file; use --fresh")
        try:
            return Manifest.from_text(self.manifest_path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{self.manifest_path}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise UsageError(f"{self.manifest_path}: not a manifest of this program ({error}); use --fresh") from error

    def require_writable(self) -> None:
        """Raise UsageError where the directory cannot be made, or written to."""
        parent_folder = self.path
        while not os.path.lexists(parent_folder) and parent_folder != parent_folder.parent:
            parent_folder = parent_folder.parent
        if not parent_folder.is_dir():
            raise UsageError(
                f"{self.path}: cannot be written ({parent_folder} is no directory); choose another place with --out"
            )
        if not os.access(parent_folder, os.W_OK | os.X_OK):
            raise UsageError(f"{self.path}: cannot be written (permission denied); choose another place with --out")

    def require_no_links(self) -> None:
        """Raise UsageError where something in the directory is a link: what is written there would land elsewhere.

        To be called before anything is written; a directory that was sent to somebody may have been made for that.
        """
        for folder, folders, files in os.walk(self.path):
            for path in (Path(folder, name) for name in (*folders, *files)):
                if path.is_symlink():
                    raise UsageError(
                        f"{path}: is a link; a study is continued only where everything lies in its own directory: "
                        "put there what it points to, or start again with --fresh"
                    )

    def remove_unfinished(self) -> None:
        """Remove what a driver that was killed was writing; only who holds the study's lock may call it."""
        remove_half_written(self.manifest_path)
        for unfinished in self.artifacts.glob(f"*{UNFINISHED}"):
            unfinished.unlink(missing_ok=True)
        remove_unfinished(self.path)

    def archive(self) -> Path | None:
        """Rename the directory so that a new study can start; nothing is deleted. None where there was none."""
        if not self.path.exists():
            return None
        stamp = time.strftime("%Y%m%d-%H%M%S")
        target = self.path.with_name(f"{self.path.name}.{stamp}")
        self.path.rename(target)
        return target


def weights_path(artifacts: Path, trial_id: str) -> Path:
    """Where the weights of a trial lie below ``artifacts``."""
    return artifacts / f"{trial_id}.pt"
