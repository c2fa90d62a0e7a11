"""What the labels are and how often each occurs in the whole file, which tells no row's label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dmd.data.samples.target import Target, TargetKind

WIDTH = 40
"""Of the longest bar."""

_WHAT: Mapping[TargetKind, str] = {
    "regression": "one number",
    "classes": "one of {num} classes",
    "binaries": "{num} yes-or-no answers",
    "several": "{num} numbers",
}


def describe_target(target: Target) -> Iterator[str]:
    """Lines on the kind, the names and the scale of a target."""
    named = f": {', '.join(target.names)}" if target.names else ""
    yield f"  target        {target.kind}, {_WHAT[target.kind].format(num=len(target.names))}{named}"
    if target.is_numeric:
        scale = target.scale
        yield f"  label scale   [{scale.low:g}, {scale.high:g}], neutral {scale.neutral:g}"


def draw_labels(target: Target, counts: Mapping[int, int]) -> Iterator[str]:
    """A bar for every label.

    Args:
        target: what labels are.
        counts: label rounded half to even, number of a class, or number of a question -> samples.
    """
    most = max(1, *counts.values())
    if target.is_numeric:
        first = f" of {target.names[0]}" if target.names else ""
        yield f"  labels{first}, rounded half to even"
        bars = {f"{label:>+3d}": count for label, count in counts.items()}
    else:
        yield "  samples of each class" if target.kind == "classes" else "  samples with a yes"
        widest = max(map(len, target.names))
        bars = {f"{name:<{widest}}": counts.get(number, 0) for number, name in enumerate(target.names)}
    for label, count in bars.items():
        yield f"    {label} {count:>7}  {'#' * (max(1, round(WIDTH * count / most)) if count else 0)}".rstrip()
