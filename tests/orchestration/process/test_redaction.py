"""Texts of errors come in one line, and never with half a password."""

from __future__ import annotations

from orchestration.process.redaction import one_line, redacted_line


def test_an_error_of_several_lines_is_one() -> None:
    assert one_line(ValueError("first\n\n   second\tthird ")) == "first second third"
    assert one_line("a b c", 3) == "a b"
    assert one_line("") == ""


def test_a_line_is_cut_after_its_password_is_removed() -> None:
    """Cut first, ``postgresql://me:secr`` would be no address any more, and would stay."""
    error = ConnectionError("postgresql://me:secret@host/db\nis away")
    assert redacted_line(error) == "postgresql://host/db is away"
    assert redacted_line(error, 20) == "postgresql://host/db"
