"""A ledger's file is read without its lock, also while it is written."""

from __future__ import annotations

import pytest

from orchestration.ledger import ledger_file
from orchestration.ledger.errors import LedgerDamaged
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.ledger_file import count_torn_bytes, read_events


def test_lines_of_other_kinds_are_checked_and_left_out(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.append("start", {})
        ledger.append("ask", {"trial_id": "a"})
        ledger.append("report", {"trial_id": "a", "epoch": 1})
        ledger.append("tell", {"trial_id": "a"})
    path = tmp_path / LEDGER_FILE
    whole = list(read_events(path))
    chosen = list(read_events(path, kinds=("ask", "tell")))
    assert chosen == [whole[1], whole[3]]
    path.write_bytes(path.read_bytes().replace(b'"epoch":1', b'"epoch":2'))
    with pytest.raises(LedgerDamaged, match=r"line 3: the line does not match .* 'report' event of trial a"):
        list(read_events(path, kinds=("ask", "tell")))


@pytest.mark.parametrize("length", [10, 200_000])
def test_what_is_torn_at_the_end_is_counted(tmp_path, length):
    with Ledger(tmp_path) as ledger:
        ledger.append("start", {"text": "x" * length})
        ledger.append("start", {"text": "y" * length})
    path = tmp_path / LEDGER_FILE
    whole = path.read_bytes()
    assert count_torn_bytes(path) == 0
    path.write_bytes(whole[:-1])
    assert count_torn_bytes(path) == len(whole.splitlines()[1])
    path.write_bytes(whole + b'{"seq":3,')
    assert count_torn_bytes(path) == 9
    path.write_bytes(whole + b"spoilt\n")
    assert count_torn_bytes(path) == 7
    path.write_bytes(b"")
    assert count_torn_bytes(path) == 0


def test_a_line_that_its_writer_finishes_while_it_is_read_is_no_damage(tmp_path, monkeypatch):
    with Ledger(tmp_path) as ledger:
        for _ in range(3):
            ledger.append("start", {})
    path = tmp_path / LEDGER_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    def finish_meanwhile(file):
        path.write_bytes(whole)
        return is_last(file)

    is_last = ledger_file._is_last
    monkeypatch.setattr(ledger_file, "_is_last", finish_meanwhile)
    assert [event.seq for event, _ in read_events(path)] == [1, 2]
