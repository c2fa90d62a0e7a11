"""Small computational sequences, written with h5py as the CMU-MultimodalSDK lays them out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Steps = list[tuple[float, float, list[float]]]
"""Start, end and features of every step."""


def write_csd(path: Path, root: str, entries: Mapping[str, Steps], **options: Any) -> Path:
    """One file; ``options`` go to every data set."""
    with h5py.File(path, "w") as file:
        group = file.create_group(root)
        group.create_group("metadata").create_dataset("root name", data=root)
        for entry, steps in entries.items():
            place = group.create_group(f"data/{entry}")
            place.create_dataset("features", data=np.array([step[2] for step in steps], np.float32), **options)
            place.create_dataset("intervals", data=np.array([step[:2] for step in steps], np.float64), **options)
    return path


def mosi_folder(folder: Path, num_videos: int = 10) -> Path:
    """Videos of two clips, 0 to 2 and 2 to 5 seconds; five words of a second; audio twice a second; vision once.

    Video ``v3`` has no vision; the last word of every video has no audio.
    """
    made = folder / "MOSI"
    made.mkdir()
    videos = [f"v{number}" for number in range(num_videos)]
    words = {video: [(s, s + 1.0, [s + 1, 1, 0, -1]) for s in range(5)] for video in videos}
    audio = {
        video: [(s / 2, s / 2 + 0.5, [float(s), -np.inf if s == 0 else 1.0]) for s in range(8)] for video in videos
    }
    vision = {video: [(float(s), s + 1.0, [10.0 * s, 1, 2]) for s in range(5)] for video in videos if video != "v3"}
    labels = {video: [(0.0, 2.0, [row % 4 - 1.5]), (2.0, 5.0, [1.2])] for row, video in enumerate(videos)}
    write_csd(made / "CMU_MOSI_TimestampedWordVectors.csd", "glove_vectors", words, compression="gzip")
    write_csd(made / "CMU_MOSI_COVAREP.csd", "COVAREP", audio)
    write_csd(made / "CMU_MOSI_Visual_Facet_41.csd", "FACET_4.1", vision)
    write_csd(made / "CMU_MOSI_Opinion_Labels.csd", "Opinion Segment Labels", labels)
    return made
