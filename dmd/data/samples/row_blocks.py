"""Large arrays block by block: what looks at all of one never holds all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BLOCK_VALUES = 1 << 20
"""4 MiB of float32."""


def row_blocks(shape: Sequence[int], most_values: int = BLOCK_VALUES) -> Iterator[slice]:
    """Slices that cover the rows of an array (n, ...) in order, each of at most so many values or of one row."""
    row = 1
    for size in shape[1:]:
        row *= int(size)
    step = max(most_values // max(row, 1), 1)
    for start in range(0, int(shape[0]), step):
        yield slice(start, min(start + step, int(shape[0])))
