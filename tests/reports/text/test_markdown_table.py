"""Tables are Markdown that lines up as plain text."""

from __future__ import annotations

from reports.text.markdown_table import Grid, deal_columns


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


def test_columns_are_dealt_out_so_that_no_table_is_left_with_one() -> None:
    dealt = {number: [len(some) for some in deal_columns(range(number), 3)] for number in (0, 1, 3, 4, 5, 7, 10)}
    assert dealt == {0: [], 1: [1], 3: [3], 4: [2, 2], 5: [3, 2], 7: [3, 2, 2], 10: [3, 2, 3, 2]}
    assert [*deal_columns("abcdefg", 3)] == ["abc", "de", "fg"]
