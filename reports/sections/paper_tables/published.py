"""The published numbers of DMD's paper, in per cent: facts to show beside measured numbers, never to rank with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

METRIC_KEYS = {"acc7": "acc7", "acc2_non0": "acc2", "f1_non0": "f1"}
"""Metric name -> its key in ``published.yaml``; ACC2 and F1 are printed in their zero-excluded form."""


@dataclass(frozen=True)
class Printed:
    """A printed number, in per cent. is_repaired: not legible in our copy, and taken from where it stands again."""

    value: float
    is_repaired: bool = False


@dataclass(frozen=True)
class AblationRow:
    """One row of Table 3.

    Attributes:
        dataset: whose columns these are.
        row: its number in the table, from 1.
        components: component, as printed -> whether it is on.
        metrics: metric -> the printed number.
    """

    dataset: str
    row: int
    components: Mapping[str, bool]
    metrics: Mapping[str, Printed]


@dataclass(frozen=True)
class Setting:
    """alignment: ``aligned`` or ``unaligned``; text: ``glove`` or ``bert`` (printed with an asterisk)."""

    alignment: str
    text: str


@dataclass(frozen=True)
class MethodRow:
    """One row of Table 1 (CMU-MOSI) or Table 2 (CMU-MOSEI).

    Attributes:
        dataset: by name.
        method: as printed.
        setting: alignment and text of the row.
        metrics: metric -> the printed number.
    """

    dataset: str
    method: str
    setting: Setting
    metrics: Mapping[str, Printed]


@dataclass(frozen=True)
class UnimodalRow:
    """One row of Table 4 (CMU-MOSEI).

    Attributes:
        label: as printed.
        modality: the only one that the row sees; None for a summary over the three.
        without_fd, with_fd: metric -> the printed number, without and with feature decoupling.
    """

    label: str
    modality: str | None
    without_fd: Mapping[str, Printed]
    with_fd: Mapping[str, Printed]


@dataclass(frozen=True)
class GraphDistillationRow:
    """One row of Table 5 for one of its two data sets.

    Attributes:
        dataset: by name.
        method: the row, as printed.
        base: the method that it is.
        adds: the component that it has besides; None for the method as published.
        metrics: metric -> the printed number.
    """

    dataset: str
    method: str
    base: str
    adds: str | None
    metrics: Mapping[str, Printed]


@dataclass(frozen=True)
class UnimodalSources:
    """Whose numbers stand beside Table 4.

    Attributes:
        component: that its groups of columns are without and with.
        alone: the method that sees one modality.
        joint: the method of all modalities whose heads are scored.
        joint_heads: modality -> its head, by name in the details of a trial.
    """

    component: str
    alone: str
    joint: str
    joint_heads: Mapping[str, str]


@cache
def _content() -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load(files("reports").joinpath("published.yaml").read_text("utf-8"))
    return content


def _metrics(row: Mapping[str, Any]) -> dict[str, Printed]:
    return {name: _printed(row[key]) for name, key in METRIC_KEYS.items() if key in row}


def _printed(cell: Any) -> Printed:
    return Printed(float(cell["value"]), cell["repaired"]) if isinstance(cell, Mapping) else Printed(float(cell))


@cache
def ablation_rows() -> tuple[AblationRow, ...]:
    """Every row of Table 3, CMU-MOSI first."""
    table = _content()["table3"]
    return tuple(
        AblationRow(
            row["dataset"], row["row"], {label: row[key] for key, label in table["components"].items()}, _metrics(row)
        )
        for row in table["rows"]
    )


@cache
def ablated_method() -> str:
    """The method that Table 3 ablates."""
    return str(_content()["table3"]["method"])


@cache
def ablated_components() -> tuple[str, ...]:
    """The headings of Table 3."""
    return tuple(_content()["table3"]["components"].values())


@cache
def method_rows() -> tuple[MethodRow, ...]:
    """Every row of Tables 1 and 2."""
    return tuple(
        MethodRow(table["dataset"], row["method"], Setting(row["setting"], row["text"]), _metrics(row))
        for table in (_content()["table1"], _content()["table2"])
        for row in table["rows"]
    )


_INPUTS = {"L only": "language", "V only": "vision", "A only": "audio", "Mean": None, "STD": None}


@cache
def unimodal_rows() -> tuple[UnimodalRow, ...]:
    """Every row of Table 4, summaries last."""
    return tuple(
        UnimodalRow(row["input"], _INPUTS[row["input"]], _metrics(row["without_fd"]), _metrics(row["with_fd"]))
        for row in _content()["table4"]["rows"]
    )


@cache
def unimodal_sources() -> UnimodalSources:
    """Whose numbers stand beside Table 4."""
    table = _content()["table4"]
    return UnimodalSources(table["component"], table["alone"], table["joint"], table["joint_heads"])


@cache
def edge_units() -> Mapping[str, str]:
    """Unit of learned edges, by its name in the details of a trial -> what the paper calls it."""
    units: Mapping[str, str] = _content()["edge_units"]
    return units


@cache
def graph_distillation_rows() -> tuple[GraphDistillationRow, ...]:
    """Every row of Table 5, CMU-MOSI first."""
    return tuple(
        GraphDistillationRow(
            dataset=dataset,
            method=row["method"],
            base=row["base"],
            adds=row.get("adds"),
            metrics=_metrics(row[dataset]),
        )
        for dataset in ("CMU-MOSI", "CMU-MOSEI")
        for row in _content()["table5"]["rows"]
    )


def find_ablation_row(dataset: str, components: Mapping[str, bool]) -> AblationRow | None:
    """The row of Table 3 for exactly these components, as printed, or None if the paper has none."""
    for row in ablation_rows():
        if row.dataset == dataset and dict(row.components) == dict(components):
            return row
    return None


def nearest_dataset(name: str) -> str:
    """The published data set to show beside data called ``name``: CMU-MOSEI if it says so, else CMU-MOSI."""
    return "CMU-MOSEI" if "mosei" in name.lower() else "CMU-MOSI"


def published_dataset(name: str) -> str | None:
    """The published data set that data called ``name`` are, by their name; None if they are none of them."""
    dataset = nearest_dataset(name)
    return dataset if is_published_data(name, dataset) else None


def is_published_data(name: str, dataset: str) -> bool:
    """Whether data called ``name`` are, by their name, the published data set ``dataset``."""
    lowered = name.lower()
    return nearest_dataset(name) == dataset and ("mosi" in lowered or "mosei" in lowered)
