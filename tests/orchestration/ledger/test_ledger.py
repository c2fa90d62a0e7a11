"""The ledger loses nothing that was written, and says so when somebody damaged it."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from orchestration.ledger.errors import LedgerDamaged, LedgerForeign
from orchestration.ledger.file_names import LEDGER_FILE, LOCK_FILE
from orchestration.ledger.ledger import Ledger


def write_three(directory: Path) -> Path:
    with Ledger(directory) as ledger:
        for number in range(3):
            ledger.append("attempt", {"trial_id": f"t{number}", "text": 'größer, " quoted\n'})
    return directory / LEDGER_FILE


def numbers_in(directory: Path) -> list[int]:
    with Ledger(directory) as ledger:
        return [event.seq for event in ledger.events()]


def test_numbers_go_on_after_reopening(tmp_path):
    write_three(tmp_path)
    with Ledger(tmp_path) as ledger:
        assert ledger.append("start", {}).seq == 4
    assert numbers_in(tmp_path) == [1, 2, 3, 4]


def test_a_last_line_cut_off_anywhere_is_dropped_and_appending_goes_on(tmp_path):
    whole = write_three(tmp_path / "whole").read_bytes()
    second_end = len(b"".join(whole.splitlines(keepends=True)[:2]))
    for cut in range(second_end, len(whole)):
        directory = tmp_path / f"cut{cut}"
        directory.mkdir()
        (directory / LEDGER_FILE).write_bytes(whole[:cut])
        with Ledger(directory) as ledger:
            assert len(ledger.notices) == (cut > second_end)
            assert ledger.append("start", {}).seq == 3
        assert numbers_in(directory) == [1, 2, 3]


def test_a_damaged_middle_line_is_named_with_what_it_costs(tmp_path):
    path = write_three(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"quoted", b"quotes")
    path.write_bytes(b"".join(lines))
    with pytest.raises(LedgerDamaged, match=r"line 2.*'attempt' event of trial t1.*delete this line: no trial loses"):
        Ledger(tmp_path)
    path.write_bytes(lines[0] + lines[2])
    assert numbers_in(tmp_path) == [1, 3], "the remedy that the message names works"
    with Ledger(tmp_path) as ledger:
        assert len(ledger.notices) == 1
        assert "1 line is missing" in ledger.notices[0]


@pytest.mark.parametrize("last", ["report", "tell"])
def test_a_hole_before_lines_that_no_disk_had_promised_is_the_end(tmp_path, last):
    with Ledger(tmp_path) as ledger:
        for kind in ("ask", "tell", "ask", "attempt", last):
            ledger.append(kind, {"trial_id": "t"})
    path = tmp_path / LEDGER_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    # As a power cut leaves it: zeros where a write had not come to the disk, and later ones whole.
    path.write_bytes(b"".join([*lines[:2], bytes(len(lines[2])), *lines[3:]]))
    if last == "tell":
        with pytest.raises(LedgerDamaged, match="does not match its checksum"):
            Ledger(tmp_path)
        return
    with Ledger(tmp_path) as ledger:
        assert "the end was cut off" in ledger.notices[0]
        assert ledger.append("start", {}).seq == 3
    assert numbers_in(tmp_path) == [1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "cost"),
    [
        ("ask", "runs again from its start"),
        ("report", "this epoch is missing"),
        ("tell", "runs again from its checkpoint"),
    ],
)
def test_what_a_damaged_line_costs_depends_on_what_it_held(tmp_path, kind, cost):
    with Ledger(tmp_path) as ledger:
        ledger.append(kind, {"trial_id": "abc"})
        ledger.append("start", {})
    path = tmp_path / LEDGER_FILE
    path.write_bytes(path.read_bytes().replace(b"abc", b"abd"))
    with pytest.raises(LedgerDamaged, match=cost):
        Ledger(tmp_path)


@pytest.mark.parametrize("name", [LEDGER_FILE, LOCK_FILE])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(LedgerForeign, match=f"{name}: is no plain file"):
        Ledger(tmp_path)


def test_joined_ledgers_are_refused(tmp_path):
    path = write_three(tmp_path)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(LedgerDamaged, match="line 4: event 1 follows event 3"):
        Ledger(tmp_path)


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.append("start", {})
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ledger.length + 40, before[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                ledger.append("attempt", {"trial_id": "t" * 100})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert ledger.append("attempt", {"trial_id": "again"}).seq == 2
    assert numbers_in(tmp_path) == [1, 2]
