"""The two studies that are disturbed, and what of their results must come out the same."""

from __future__ import annotations

import csv
import io
from pathlib import Path

_COMMON = """\
data: {path: "planted:num_videos=9,clips_per_video=5"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 4, patience: 4, gd.size_homo: 4}
arms: {models: [ridge]}
limits: {silence: 20s}
"""
SPACES = {
    "list": f"study: list\n{_COMMON}confirm: {{seeds: 3}}\n",
    "search": (
        f"study: search\n{_COMMON}confirm: {{seeds: 2}}\n"
        "search:\n"
        "  parameters: {learning_rate: {log_uniform: [0.0005, 0.02]}, lambda1: {log_uniform: [0.01, 1.0]}}\n"
        "  scope: baseline\n  trials: 6\n  searcher: tpe\n  scheduler: asha\n"
    ),
    "diverging": f"study: diverging\n{_COMMON.replace('gd.size_homo: 4', 'gd.size_homo: 4, gamma: 1.0e+300')}",
}
NUM_FAILED = {"list": 0, "search": 0, "diverging": 5}
"""How many trials fail without any fault: with such a weight every loss of DMD overflows."""

# What is measured and not computed, or says how the study went: the only columns that may differ.
_CHANGING = {"device_s", "duration_s", "attempts", "typical_s"}
_TABLES_OF_HOW_IT_WENT = {"provenance.csv", "warnings.csv", "cost.csv", "pareto.csv"}


Tables = dict[str, list[list[str]]]
"""File name -> rows of text."""


def write_space(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(SPACES[name])
    return path


def read_tables(study: Path) -> Tables:
    """The cells of every table of results, as text: equal text is equal to the last bit."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted((study / "tables").glob("*.csv"))}
    return {name: rows for name, text in texts.items() if (rows := comparable_rows(name, text)) is not None}


def comparable_rows(name: str, text: str) -> list[list[str]] | None:
    """The cells of a table without what is measured and not computed; None for one that says how the study went."""
    if name in _TABLES_OF_HOW_IT_WENT:
        return None
    rows = list(csv.reader(io.StringIO(text)))
    kept = [number for number, name in enumerate(rows[0] if rows else []) if name not in _CHANGING]
    return [[row[number] for number in kept] for row in rows]
