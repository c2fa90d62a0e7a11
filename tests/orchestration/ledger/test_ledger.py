"""The ledger loses nothing that was written, and says so when somebody damaged it."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.ledger import ledger as ledger_module
from orchestration.ledger.events import Event, check_line, encode_event, metrics_from_json, metrics_to_json
from orchestration.ledger.ledger import (
    LEDGER_FILE,
    LOCK_FILE,
    Ledger,
    LedgerDamaged,
    LedgerError,
    LedgerForeign,
    LedgerLocked,
    count_torn_bytes,
    read_events,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def write_three(directory: Path) -> Path:
    with Ledger(directory) as ledger:
        for number in range(3):
            ledger.append("attempt", {"trial_id": f"t{number}", "text": 'größer, " quoted\n'})
    return directory / LEDGER_FILE


def numbers_in(directory: Path) -> list[int]:
    with Ledger(directory) as ledger:
        return [event.seq for event in ledger.events()]


@given(st.dictionaries(st.text(), JSON, max_size=4), st.integers(1, 10**9), st.integers(0, 10**13))
def test_an_event_survives_its_line(data, seq, at_ms):
    event = Event(seq, at_ms, "report", data)
    line = encode_event(event)
    assert line.count(b"\n") == 1
    checked = check_line(line)
    assert checked is not None
    assert checked.decode() == event
    assert (checked.seq, checked.kind) == (event.seq, event.kind)


def test_line_format_is_json_with_a_crc_over_the_rest():
    body = b'{"seq":1,"at":5,"kind":"attempt","data":{"trial_id":"a"}}'
    expected = body[:-1] + b',"check":"%08x"}\n' % zlib.crc32(body)
    assert encode_event(Event(1, 5, "attempt", {"trial_id": "a"})) == expected


def test_half_a_pair_of_utf16_is_no_text_but_a_backslash_is():
    text = "C:\\udata"
    assert check_line(encode_event(Event(1, 5, "start", {"text": text}))).decode().data == {"text": text}
    body = b'{"seq":1,"at":5,"kind":"start","data":{"text":"\\uD800"}}'
    line = check_line(body[:-1] + b',"check":"%08x"}\n' % zlib.crc32(body))
    with pytest.raises(ValueError, match="surrogates"):
        line.decode()


def test_any_single_changed_byte_is_noticed():
    line = encode_event(Event(7, 5, "attempt", {"trial_id": "abc"}))
    for position in range(len(line) - 1):
        changed = line[:position] + bytes([line[position] ^ 1]) + line[position + 1 :]
        assert check_line(changed) is None, position


def test_non_finite_metrics_survive():
    metrics = {"a": 1.5, "b": float("inf"), "c": float("-inf"), "d": float("nan")}
    back = metrics_from_json(metrics_to_json(metrics))
    assert {name: repr(value) for name, value in back.items()} == {name: repr(v) for name, v in metrics.items()}


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


def test_a_file_system_without_locks_is_no_second_driver(tmp_path, monkeypatch):
    def flock(file, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(LedgerError, match=r"keeps no locks \(No locks available\).*--out") as caught:
        Ledger(tmp_path)
    assert not isinstance(caught.value, LedgerLocked)


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


def test_a_second_driver_is_refused_and_told_who_works(tmp_path):
    with Ledger(tmp_path), pytest.raises(LedgerLocked, match=f"process {os.getpid()}"):
        Ledger(tmp_path)
    Ledger(tmp_path).close()


def test_the_lock_does_not_survive_a_killed_driver(tmp_path):
    program = (
        "import os, signal, sys, pathlib; from orchestration.ledger.ledger import Ledger; "
        "ledger = Ledger(pathlib.Path(sys.argv[1])); ledger.append('start', {}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    assert numbers_in(tmp_path) == [1]


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
    path = write_three(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    def finish_meanwhile(file):
        path.write_bytes(whole)
        return is_last(file)

    is_last = ledger_module._is_last
    monkeypatch.setattr(ledger_module, "_is_last", finish_meanwhile)
    assert [event.seq for event, _ in read_events(path)] == [1, 2]
