"""The comparison with MulT's published code, without that code."""

from __future__ import annotations

import sys

import pytest

from benchmarks.peer_mult import main


def test_what_is_no_checkout_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peer_mult", "--checkout", "nowhere"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert (ended.value.code, told.out) == (2, "")
    assert line.startswith("peer_mult: --checkout nowhere: no checkout of yaohungt/Multimodal-Transformer")
