"""The features of one video, as MMSA-FET's ``run_single`` gives them: no splits, no id, no label, no axis of items."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from dmd.data.tables.layout import MMSA, SPLITS

VIDEO = "video"
"""What the split of a video that stands alone is called."""

_OLDER_NAMES: Mapping[str, str] = {"video": "vision"}
"""Names of features in earlier versions of MMSA-FET."""


def as_splits(content: Mapping[Any, Any], source: str) -> Mapping[Any, Any]:
    """The same content with one split of one item, named after its file; any other content as it is.

    Args:
        content: feature -> (T, D), and perhaps ``text_bert`` (3, T).
        source: name of the file.
    """
    features = {_OLDER_NAMES.get(key, key): value for key, value in content.items() if isinstance(key, str)}
    known = (*MMSA.features.values(), MMSA.token_mask)
    if any(split in content for split in SPLITS) or not any(key in features for key in known):
        return content
    table = {key: value[None] for key, value in features.items() if key in known and _is_plain(value)}
    table |= {key: value for key, value in features.items() if key in known and key not in table}
    return {VIDEO: {MMSA.ids: [PurePath(source).stem], **table}}


def _is_plain(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 2
