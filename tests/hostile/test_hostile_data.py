"""Data files from strangers: one clear line each, nothing executed, in bounded time and memory."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.hostile.archives import ARCHIVES, Write, pack, sound_members
from tests.hostile.contained import Container, Outcome
from tests.hostile.pickles import BOMBS, GADGETS
from tests.hostile.sequences import SEQUENCES, sound_folder
from tests.hostile.tensors import TENSORS
from tests.orchestration.command_line import errors_in

MOST_MB, MOST_S = 400, 20
FILES: Mapping[str, Write] = {
    **{f"pickle: {name}": write for name, write in {**GADGETS, **BOMBS}.items()},
    **{f"npz: {name}": write for name, write in ARCHIVES.items()},
    **{f"torch: {name}": write for name, write in TENSORS.items()},
}


SEVERAL = {"dictionary in itself", "one array, many rows", "overlapping members", "wrong checksum"}
"""Files with something wrong at several keys, each of which is told."""


def require_refused(outcome: Outcome, line_begins: str, most_lines: int = 1) -> str:
    """The first line of a refusal."""
    assert outcome.code == 2, outcome.stderr[-2000:]
    lines = errors_in(outcome.stderr)
    assert 1 <= len(lines) <= most_lines, outcome.stderr[-2000:]
    assert all(line.startswith(f"error: {line_begins}") and len(line) < 2100 for line in lines)
    assert outcome.stdout == ""
    assert outcome.grown_mb < MOST_MB
    assert outcome.cpu_s < MOST_S
    return lines[0]


def test_the_corpus_is_as_large_as_it_claims() -> None:
    assert len(FILES) >= 80


def test_a_sound_file_is_read_where_hostile_ones_are_refused(container: Container, tmp_path: Path) -> None:
    for method in (0, 8):
        (tmp_path / "data.npz").write_bytes(pack(sound_members(), method))
        outcome = container.run("dmd-data", "inspect", str(tmp_path / "data.npz"))
        assert outcome.code == 0, outcome.stderr
        assert outcome.stdout.startswith("data.npz: 12 samples")


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_by_one_line(container: Container, tmp_path: Path, canary: Path, name: str) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(FILES[name](canary))
    outcome = container.run("dmd-data", "inspect", str(path))
    require_refused(outcome, "data.bin: ", 21 if name.partition(": ")[2] in SEVERAL else 1)
    assert not canary.exists()
    assert {file.name for file in tmp_path.iterdir()} == {"data.bin"}


def test_sound_sequences_are_read_where_hostile_ones_are_refused(container: Container, tmp_path: Path) -> None:
    outcome = container.run("dmd-data", "inspect", str(sound_folder(tmp_path / "csd")))
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout.startswith("csd: 5 samples")


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_hostile_sequence_is_refused_by_one_line(container: Container, tmp_path: Path, name: str) -> None:
    folder = sound_folder(tmp_path / "csd")
    SEQUENCES[name](folder)
    outcome = container.run("dmd-data", "inspect", str(folder))
    line = require_refused(outcome, "csd/audio.csd: ")
    assert line.isprintable()


@pytest.mark.parametrize("name", ["os.system", "builtins.exec", "INST", "hidden in data", "posix.system"])
def test_the_gadgets_do_harm_elsewhere(tmp_path: Path, canary: Path, name: str) -> None:
    """Or the test above would show nothing."""
    pickle.loads(GADGETS[name](canary))
    assert canary.exists()


def test_what_is_no_plain_file_is_refused(container: Container, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").touch()
    for name in ("fifo", "zero", "loop", "dangling", "empty", ".", "a\nb", "\x1b]0;title\x07", "x" * 200):
        outcome = container.run("dmd-data", "inspect", str(tmp_path / name))
        line = require_refused(outcome, "")
        assert line.isprintable()


def test_a_name_in_a_file_cannot_command_the_terminal(container: Container, tmp_path: Path) -> None:
    members = sound_members()
    del members["train/text.npy"]
    (tmp_path / "\x1b[2J.npz").write_bytes(pack(members))
    outcome = container.run("dmd-data", "inspect", str(tmp_path / "\x1b[2J.npz"))
    assert "\\x1b[2J" in require_refused(outcome, "")


def test_ids_in_a_data_file_are_text_and_never_paths(container: Container, tmp_path: Path) -> None:
    members = sound_members()

    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.array(["../../x", "/etc/passwd", "a\0b", "\x1b[2J", "=cmd()", ""]))
    members["train/id.npy"] = stream.getvalue()
    (tmp_path / "data.npz").write_bytes(pack(members))
    outcome = container.run("dmd-data", "inspect", str(tmp_path / "data.npz"))
    assert outcome.code == 0, outcome.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"data.npz"}
