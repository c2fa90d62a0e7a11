"""A value that stands for "not measured" is told when data are inspected; measurements of every shape are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dmd.data.formats.load import convert_dataset, load_dataset
from dmd.data.inspection.inspect import format_summary, inspect_dataset
from dmd.data.inspection.markers import marker_share
from tests.dmd.data_builders import SIZES, STEPS, npz_arrays, write_npz

RANDOM = np.random.default_rng(0)
NORMAL = RANDOM.normal(size=2000)
SPEECH = np.arange(2000) % 5 < 3  # 60% of the steps are voiced


@pytest.mark.parametrize(
    ("column", "marker"),
    [
        (np.where(SPEECH, 20 + 15 * NORMAL, -201.0), -201.0),  # openSMILE's formant amplitudes
        (np.where(SPEECH, 120 + 20 * NORMAL, 0.0), 0.0),  # a pitch in Hz
        (np.where(SPEECH, NORMAL, 999.0), 999.0),
        (np.where(np.arange(2000) % 50 == 0, 3e38, NORMAL), 3e38),  # rare, and all that is left of the column
    ],
)
def test_a_value_outside_what_was_measured_is_a_marker(column: np.ndarray, marker: float) -> None:
    found = marker_share(column.astype(np.float32))
    assert found is not None
    assert found[0] == pytest.approx(marker, rel=1e-6)
    assert found[1] == pytest.approx(0.02 if marker > 1e30 else 0.4)


@pytest.mark.parametrize(
    "column",
    [
        NORMAL,
        np.maximum(NORMAL, 0),  # a rectifier: half of it is 0, and values go on from there
        np.clip(NORMAL, -1, 1),
        np.where(SPEECH, RANDOM.exponential(size=2000), 0.0),  # loudness with silence
        np.where(SPEECH, 1.0, 0.0),  # voiced or not
        np.round(2 * NORMAL),  # a count
        np.full(2000, 7.0),
        np.where(np.arange(2000) == 7, 1e6, NORMAL),  # one outlier
    ],
)
def test_a_measurement_has_none(column: np.ndarray) -> None:
    assert marker_share(column.astype(np.float32)) is None


@pytest.mark.parametrize("mapped", [False, True])
def test_inspect_names_the_columns_and_looks_at_real_steps_only(tmp_path: Path, mapped: bool) -> None:
    arrays = npz_arrays()
    marked = 0
    for split, n in SIZES.items():
        real = np.arange(STEPS) >= STEPS - arrays[f"{split}/lengths"][:, None]
        first = real & (np.cumsum(real, axis=1) == 1)  # the first real step of every row
        arrays[f"{split}/audio"][:, :, 1][first] = -201.0
        marked += n
    share = marked / sum(int(arrays[f"{split}/lengths"].sum()) for split in SIZES)
    path = write_npz(tmp_path, arrays)
    dataset = convert_dataset(str(path), tmp_path / "mapped") if mapped else load_dataset(path)
    cautions = [line for line in format_summary(inspect_dataset(dataset)).splitlines() if "marker" in line]
    assert cautions == [
        f"  caution       audio: column 1 (from 0) holds the marker -201 in {100 * share:.0f}% of the steps: "
        "standardised, it tells mostly where that stands"
    ]
    assert not inspect_dataset(load_dataset(write_npz(tmp_path, npz_arrays(), "plain.npz"))).markers
