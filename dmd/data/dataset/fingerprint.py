"""The content hash: two data sets with the same hash train the same models to the same numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple

import numpy as np

from dmd.data.samples.arrays import FloatArray, IntArray
from dmd.data.samples.row_blocks import row_blocks
from dmd.data.samples.samples import ContentHash, Inputs
from dmd.data.samples.target import Target
from dmd.modalities import MODALITIES


def hash_content(
    inputs: Inputs,
    labels: FloatArray,
    splits: Mapping[str, IntArray],
    file_folds: IntArray | None,
    target: Target,
) -> ContentHash:
    """SHA-256 over everything in a data set that decides a result.

    The file's name, container, padding side and byte order do not enter, so a converted file keeps its hash.

    Args:
        inputs: ids, groups and right-padded float32 features.
        labels: (n,) or (n, K).
        splits: name -> (n_split,) row numbers.
        file_folds: (n,), or None.
        target: of the labels.

    Returns:
        64 hex digits.
    """
    described = {
        "ids": inputs.ids,
        "groups": inputs.groups,
        "splits": {name: rows.tolist() for name, rows in splits.items()},
        "folds": None if file_folds is None else file_folds.tolist(),
        "scale": astuple(target.scale),
        "shapes": {modality: inputs.sequences[modality].values.shape for modality in MODALITIES},
    }
    if target.kind != "regression":
        described["target"] = [target.kind, *target.names]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(labels, dtype="<f4").data)
    for modality in MODALITIES:
        sequences = inputs.sequences[modality]
        digest.update(np.ascontiguousarray(sequences.lengths, dtype="<i8").data)
        for rows in row_blocks(sequences.values.shape):
            digest.update(np.ascontiguousarray(sequences.values[rows], dtype="<f4").data)
    return ContentHash(digest.hexdigest())
