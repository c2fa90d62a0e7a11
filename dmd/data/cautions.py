"""What a data set keeps a study from saying, in sentences: for who inspects it, plans with it and reads the report."""

from __future__ import annotations

from dmd.data.dataset import Dataset
from dmd.job import FoldRef


def find_cautions(dataset: Dataset, fold: FoldRef) -> tuple[str, ...]:
    """A sentence for everything that applies where the file is cut as for ``fold``.

    Raises DataError if it cannot be cut that way.
    """
    remark = dataset.scoring(fold).remark
    if not remark:
        return ()
    return (
        f"Acc-2 and F1 are not scored: {remark}, so there are no two sides to tell apart; `data.label_scale` declares "
        "another neutral point.",
    )
