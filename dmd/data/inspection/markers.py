"""Columns in which one value says "nothing was measured here": -201 of openSMILE, 0 Hz of a pitch tracker.

Such a value lies outside all that was measured, so that a standardised column mostly tells where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dmd.data.dataset.dataset import Dataset
from dmd.data.samples.arrays import FloatArray
from dmd.modalities import MODALITIES, Modality

MOST_VALUES = 1 << 22
"""So many values of a modality are looked at, 16 MiB: rows at equal distances in the file."""

MIN_SHARE = 0.01
"""What stands in fewer steps is an outlier."""

MIN_VARIANCE = 0.5
"""Share of a column's variance that is between the marker and everything else."""

MIN_GAP = 0.5
"""Distance of the marker from what was measured, in standard deviations of that."""

MIN_MEASURED = 10
"""Different values that a measurement has at least; a column with fewer is a code, and no value of it a marker."""


@dataclass(frozen=True)
class Marker:
    """One value in some columns of a modality.

    Attributes:
        value: in the units of the features.
        columns: their indices, from 0, in rising order.
        shares: the smallest and the largest share of the real steps that hold it.
    """

    value: float
    columns: tuple[int, ...]
    shares: tuple[float, float]


def find_markers(dataset: Dataset) -> dict[Modality, tuple[Marker, ...]]:
    """The markers of every modality that has any, the smallest value first."""
    found = {modality: _markers_of(_sample_steps(dataset, modality)) for modality in MODALITIES}
    return {modality: markers for modality, markers in found.items() if markers}


def describe_markers(markers: Mapping[Modality, tuple[Marker, ...]]) -> tuple[str, ...]:
    """A sentence for each."""
    return tuple(_describe(modality, marker) for modality, found in markers.items() for marker in found)


def marker_share(column: FloatArray) -> tuple[float, float] | None:
    """The marker of one column (k,) and the share of its steps that hold it; None where it has none."""
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= MIN_MEASURED:
        return None
    for index in (0, -1):
        share = float(counts[index] / len(column))
        measured = column[column != values[index]].astype(np.float64)
        if share >= MIN_SHARE and _stands_apart(float(values[index]), share, measured):
            return float(values[index]), share
    return None


def _stands_apart(value: float, share: float, measured: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    """Whether ``value``, smaller or larger than everything in ``measured``, is no measurement like these."""
    distance, spread = abs(measured.mean() - value), measured.std()
    between, within = share * (1 - share) * distance**2, (1 - share) * spread**2
    nearest = np.quantile(np.abs(measured - value), 0.01)
    return bool(between >= MIN_VARIANCE * (between + within) and nearest >= MIN_GAP * spread)


def _markers_of(steps: FloatArray) -> tuple[Marker, ...]:
    """steps: (k, D)."""
    found: dict[float, dict[int, float]] = {}
    for number, column in enumerate(steps.T):
        if (marker := marker_share(column)) is not None:
            found.setdefault(marker[0], {})[number] = marker[1]
    return tuple(
        Marker(value, tuple(shares), (min(shares.values()), max(shares.values())))
        for value, shares in sorted(found.items())
    )


def _sample_steps(dataset: Dataset, modality: Modality) -> FloatArray:
    """(k, D): the real steps of rows at equal distances."""
    values_per_row = dataset.max_steps[modality] * dataset.widths[modality]
    num_rows = min(len(dataset), max(1, MOST_VALUES // values_per_row))
    rows = np.linspace(0, len(dataset) - 1, num_rows).astype(np.int64)
    return dataset.real_steps(modality, rows)


def _describe(modality: Modality, marker: Marker) -> str:
    first, last = (f"{100 * share:.0f}" for share in marker.shares)
    share = f"{first}%" if first == last else f"{first} to {last}%"
    shown = ", ".join(str(column) for column in marker.columns[:6])
    columns = f"{shown} and {len(marker.columns) - 6} more" if len(marker.columns) > 6 else shown
    many = len(marker.columns) > 1
    return (
        f"{modality}: {'columns' if many else 'column'} {columns} (from 0) {'hold' if many else 'holds'} the marker "
        f"{marker.value:g} in {share} of the steps: standardised, {'they tell' if many else 'it tells'} mostly where "
        "that stands"
    )
