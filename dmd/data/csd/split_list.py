"""The split of a folder of sequences, which hold none: ``splits.json`` of videos, or one that is drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from dmd.data.utterances.tuples import SPLIT_NAMES
from dmd.errors import DataError
from dmd.random_streams import numpy_generator

FILE = "splits.json"
MOST_BYTES = 1 << 24
DRAWN = {"train": 0.7, "valid": 0.1, "test": 0.2}


def read_splits(folder: Path) -> dict[str, str] | None:
    """Video -> split, of the folder's ``splits.json``; None: it has none.

    The file is an object of lists of videos, ``{"train": [...], "valid": [...], "test": [...]}``, as the standard folds
    of the CMU-MultimodalSDK are. Raises DataError in one line if it is something else.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
        named = {SPLIT_NAMES[name]: videos for name, videos in content.items()}
        if set(named) != set(DRAWN) or not all(isinstance(videos, list) for videos in named.values()):
            raise ValueError("train, valid and test must each be a list of videos")
        split_of = {str(video): split for split, videos in named.items() for video in videos}
        if len(split_of) < sum(map(len, named.values())):
            raise ValueError("a video is listed twice")
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataError(
            f'{folder.name}/{FILE}: cannot be read ({reason}); write {{"train": [VIDEO, ...], "valid": [...], "test": '
            "[...]}"
        ) from None
    return split_of


def draw_splits(videos: Sequence[str]) -> dict[str, str]:
    """Video -> split: 70, 10 and 20% of the videos, always the same for the same videos."""
    in_order = sorted(set(videos))
    shuffled = [in_order[place] for place in numpy_generator(0, "splits").permutation(len(in_order))]
    num_valid, num_test = (max(1, round(DRAWN[name] * len(in_order))) for name in ("valid", "test"))
    parts: Mapping[str, list[str]] = {
        "valid": shuffled[:num_valid],
        "test": shuffled[num_valid : num_valid + num_test],
        "train": shuffled[num_valid + num_test :],
    }
    return {video: split for split, part in parts.items() for video in part}
