"""Tables are Markdown that lines up as plain text."""

from __future__ import annotations

from reports.text.markdown_table import Grid


def test_columns_line_up_and_pipes_are_escaped() -> None:
    text = str(Grid(("Arm", "n", "on"), "lrc", (("a|b", "12", "✓"), ("full", "3", ""))))
    assert text == (
        "| Arm  |   n | on  |\n"
        "| ---- | --: | :-: |\n"
        "| a\\|b |  12 |  ✓  |\n"
        "| full |   3 |     |"
    )  # fmt: skip


def test_a_table_without_rows_still_has_its_head() -> None:
    assert str(Grid(("Arm", "n"), "lr", ())) == "| Arm |   n |\n| --- | --: |"
