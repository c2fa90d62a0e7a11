"""Feature maps: t-SNE pictures of the common space by class and of all features by modality, each with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, GREEN, GREY, INK, MARKERS, MUTED, ORANGE, SERIES, SMALL, bare
from reports.sections.model_inside.edges import MODALITIES
from reports.sections.model_inside.feature_maps import FeatureMap, FeatureMaps
from reports.sections.model_inside.feature_pictures import ClassMap, ModalityMap
from reports.sections.model_inside.probe import Probe

CLASS_NAME, MODALITY_NAME = "common-space", "feature-spaces"

_SIGNS = (("negative", ORANGE, "v"), ("neutral", GREY, "o"), ("positive", BLUE, "^"))
_SEVEN = ("#c94a00", "#e06c00", "#d99a5b", GREY, "#6f9fd8", "#1668d8", "#0b4aa8")
_MODALITY_COLORS = (BLUE, ORANGE, GREEN)

_HEIGHT = {2: 2.4, 3: 1.9}
"""Columns -> inches of a panel."""

_P = TypeVar("_P", ClassMap, ModalityMap)
"""What is drawn; a drawer returns the words that stand below it."""


def class_map_plot(features: FeatureMaps, groups_are: str) -> Plot | NoPlot:
    """The common space by class. groups_are: what test items belong to."""
    maps = features.maps
    if not maps:
        return NoPlot(CLASS_NAME, f"No picture of the common space: {features.note}.")
    classes = [found.by_class for found in maps if found.by_class is not None]
    if not classes:
        return NoPlot(CLASS_NAME, "No picture of the common space by class: an item has no one class.")
    has_seven = any(of_classes.seven for of_classes in classes)
    has_names = bool(classes[0].names)
    told = "; ".join(
        f"{found.label}: {_told(of_classes, has_seven)}" for found, of_classes in zip(maps, classes, strict=True)
    )
    coloured = "class" if has_names else f"sign{' and by class' if has_seven else ''}"
    caption = (
        "t-SNE of the common features (means over real steps) of all modalities side by side, one point per test item, "
        f"coloured by {coloured}; "
        f"perplexity {maps[0].perplexity[0]:.3g}, started from principal components. What counts are the numbers: "
        f"accuracy of a linear probe on the features themselves, whole {groups_are} left out, with a 95% "
        f"interval over them; chance: always the most frequent class. {_named(maps)}"
    )
    return Plot(
        name=CLASS_NAME,
        title="Common space by class",
        description=f"Accuracy of linear probes on the features: {told}.",
        caption=caption,
        draw=lambda: draw_class_maps(maps, classes),
    )


def modality_map_plot(features: FeatureMaps) -> Plot | NoPlot:
    """Common and exclusive features by modality."""
    maps = features.maps
    if not maps:
        return NoPlot(MODALITY_NAME, f"No picture of common and exclusive features: {features.note}.")
    told = "; ".join(
        f"{found.label}: modality from common features {probe_text(found.by_modality.common)}, "
        f"from exclusive features {probe_text(found.by_modality.exclusive)}"
        for found in maps
    )
    caption = (
        "t-SNE of the common (filled) and exclusive (hollow) features of every modality, together in one picture; "
        f"perplexity {maps[0].perplexity[1]:.3g}. Decoupling has worked where a linear probe reads the modality off "
        "the exclusive features and only at chance off the common ones. Probes as in the figure above; chance is one "
        f"in three. {_named(maps)}"
    )
    return Plot(
        name=MODALITY_NAME,
        title="Common and exclusive features by modality",
        description=f"Accuracy of linear probes on the features: {told}.",
        caption=caption,
        draw=lambda: draw_modality_maps(maps),
    )


def probe_text(probe: Probe | None) -> str:
    """``0.74 (0.66 to 0.82), chance 0.62``."""
    if probe is None:
        return "not asked: too few groups or classes"
    accuracy = probe.accuracy
    interval = "" if accuracy.low is None else f" ({accuracy.low:.2f} to {accuracy.high:.2f})"
    return f"{accuracy.value:.2f}{interval}, chance {probe.chance:.2f}"


def _named(maps: Sequence[FeatureMap]) -> str:
    runs = "; ".join(f"{found.label}: trial {found.trial_id}, seed {found.seed}, {found.cell}" for found in maps)
    return f"One run each, the first by fold and seed: {runs}."


def _told(of_classes: ClassMap, has_seven: bool) -> str:
    if of_classes.names:
        return f"class {probe_text(of_classes.named)}"
    seven = f", seven classes {probe_text(of_classes.seven)}" if has_seven else ""
    return f"sign {probe_text(of_classes.sign)}{seven}"


def draw_class_maps(maps: Sequence[FeatureMap], classes: Sequence[ClassMap]) -> Figure:
    """A column per arm: coloured by class, or by sign and below by class where the scale has seven."""
    if classes[0].names:
        return _draw_rows(maps, classes, [_draw_named])
    has_seven = any(of_classes.seven for of_classes in classes)
    return _draw_rows(maps, classes, [_draw_signs, _draw_seven] if has_seven else [_draw_signs])


def draw_modality_maps(maps: Sequence[FeatureMap]) -> Figure:
    """All features in one panel per arm."""
    return _draw_rows(maps, [found.by_modality for found in maps], [_draw_modalities])


def _draw_rows(maps: Sequence[FeatureMap], pictures: Sequence[_P], rows: Sequence[Callable[[Axes, _P], str]]) -> Figure:
    """A row of panels per drawer, with one legend for all of them. pictures: of each map, what the drawers take."""
    num_columns = max(len(maps), 2)
    titles = [found.label for _ in rows for found in maps]
    grid = PanelGrid(num_columns, _HEIGHT[num_columns], gap=(0.3, 1.05), left=0.05, bottom=0.85)
    figure, places = panels(titles, grid)
    for row, draw in enumerate(rows):
        here = places[row * len(maps) : (row + 1) * len(maps)]
        for axes, picture in zip(here, pictures, strict=True):
            bare(axes)
            axes.margins(0.06)
            words = draw(axes, picture)
            axes.text(0.0, -0.03, words, transform=axes.transAxes, color=INK, fontsize=SMALL, va="top", linespacing=1.4)
        _add_legend(figure, here[0])
    return figure


def _add_legend(figure: Figure, axes: Axes) -> None:
    """Below a row of panels and the two lines of words under each."""
    box = axes.get_position()
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="upper left",
        bbox_to_anchor=(box.x0 - 0.01, box.y0 - 0.44 / figure.get_figheight()),
        ncols=7,
        handletextpad=0.0,
        columnspacing=0.6,
        borderpad=0.0,
        labelcolor=MUTED,
    )


def _draw_named(axes: Axes, found: ClassMap) -> str:
    for number, name in enumerate(found.names):
        here = found.labels == number
        color, marker = SERIES[number % len(SERIES)], MARKERS[number % len(MARKERS)]
        axes.plot(
            *found.coordinates[here].T, marker, color=color, alpha=0.75, markersize=3.5, markeredgewidth=0, label=name
        )
    return _words("class", found.named)


def _draw_signs(axes: Axes, found: ClassMap) -> str:
    points, labels = found.coordinates, np.sign(found.labels)
    for value, (name, color, marker) in zip((-1, 0, 1), _SIGNS, strict=True):
        here = labels == value
        axes.plot(*points[here].T, marker, color=color, alpha=0.75, markersize=3.5, markeredgewidth=0, label=name)
    return _words("sign", found.sign)


def _draw_seven(axes: Axes, found: ClassMap) -> str:
    points, classes = found.coordinates, np.rint(np.clip(found.labels, -3, 3))
    for value, color in zip(range(-3, 4), _SEVEN, strict=True):
        here = classes == value
        marker = "v" if value < 0 else "^" if value > 0 else "o"
        name = f"{value:+d}" if value else "0"
        axes.plot(*points[here].T, marker, color=color, alpha=0.8, markersize=3.5, markeredgewidth=0, label=name)
    return _words("class", found.seven)


def _draw_modalities(axes: Axes, space: ModalityMap) -> str:
    for is_common in (True, False):
        for place, (modality, color) in enumerate(zip(MODALITIES, _MODALITY_COLORS, strict=True)):
            here = (space.modality == place) & (space.is_common == is_common)
            axes.plot(
                *space.coordinates[here].T,
                "os^"[place],
                color=color,
                markerfacecolor=color if is_common else "none",
                markersize=3.5,
                markeredgewidth=0.7,
                alpha=0.8,
                label=f"{modality} {'common' if is_common else 'excl.'}",
            )
    return f"common {_short(space.common)}\nexclusive {_short(space.exclusive)}, chance 1/3"


def _words(target: str, probe: Probe | None) -> str:
    """Two lines below a picture."""
    if probe is None:
        return f"{target}: not asked,\ntoo few groups or classes"
    return f"{target} read off: {_short(probe)}\nchance {probe.chance:.2f}"


def _short(probe: Probe | None) -> str:
    return "–" if probe is None else probe_text(probe).split(", ")[0]  # noqa: RUF001 (an en dash, as tables have it)
