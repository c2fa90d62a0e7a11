"""A place that takes no more writes ends the command in one line, and what had ended is kept."""

from __future__ import annotations

import errno

import pytest

from orchestration.cli.failures import bad_input_exits


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_a_full_disk_is_one_line(number, capsys):
    with pytest.raises(SystemExit) as ended, bad_input_exits():
        raise OSError(number, "No space left", "runs/x/ledger.jsonl")
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: runs/x/ledger.jsonl: No space left; everything that had ended is kept: make room and run the same "
        "command again\n"
    )


def test_other_errors_of_the_system_are_our_own_bugs(capsys):
    with pytest.raises(OSError, match="bad"), bad_input_exits():
        raise OSError(errno.EBADF, "bad")
    assert capsys.readouterr().err == ""
