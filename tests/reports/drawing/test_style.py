"""Colours that everybody can tell apart, on a light page and on a dark one."""

from __future__ import annotations

import itertools

import matplotlib
import numpy as np
import pytest

from reports.drawing.style import DARK_PAGE, LIGHT_PAGE, SERIES, report_style, shorten, text_width, wrap

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear RGB, white point D65."""
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    x, y, z = (np.array(matrix) @ rgb) / [0.95047, 1.0, 1.08883]
    f = [value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])
def test_series_stand_out_from_the_page(page: str) -> None:
    assert min(contrast(color, page) for color in SERIES) >= 3


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_series_can_be_told_apart(deficiency: str) -> None:
    seen = [lab(np.clip(DEFICIENCIES[deficiency] @ linear(color), 0, 1)) for color in SERIES]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 10


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("w/o CA", ["w/o CA"]),
        ("w/o HeteroGD, heads kept", ["w/o HeteroGD,", "heads kept"]),
        ("kernel.language", ["kernel.", "language"]),
    ],
)
def test_words_wrap_into_two_lines_and_lose_nothing(text: str, lines: list[str]) -> None:
    inches = 1.05 * max(text_width(line) for line in lines)
    assert wrap(text, inches).split("\n") == lines


def test_words_that_fit_into_no_two_lines_are_cut() -> None:
    for text in ("one two three four five six", "unbreakableword"):
        lines = wrap(text, 0.6).split("\n")
        assert len(lines) <= 2
        assert lines[-1].endswith("…")
        assert all(text_width(line) <= 0.6 for line in lines)


def test_a_users_settings_change_nothing_and_are_left_alone() -> None:
    with matplotlib.rc_context({"font.size": 33.0, "axes.grid": True}):
        with report_style():
            assert matplotlib.rcParams["font.size"] == 9.0
            assert not matplotlib.rcParams["axes.grid"]
        assert matplotlib.rcParams["font.size"] == 33.0


def test_long_labels_are_cut_to_their_place() -> None:
    label = "a label that is far too long for its place"
    cut = shorten(label, 1.0)
    assert cut.endswith("…")
    assert label.startswith(cut[:-1])
    assert 0.8 < text_width(cut) <= 1.0
    assert shorten("short", 1.0) == "short"
