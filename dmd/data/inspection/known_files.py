"""Files that the field shares: what a file is by its SHA-256, or by its widths and items, and what its features are.

A width alone says little; the three widths together are those of one extraction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dmd.data.dataset.dataset import Dataset
from dmd.modalities import MODALITIES

Widths = tuple[int, int, int]
"""Of language, audio and vision."""


@dataclass(frozen=True)
class KnownFile:
    """A published file.

    Attributes:
        name: as its publisher calls it.
        publisher: who shares it.
        widths: of its features.
        num_train: items of its training part; None: not known for certain.
        sha256: where the publisher gives one; empty otherwise.
    """

    name: str
    publisher: str
    widths: Widths
    num_train: int | None = None
    sha256: str = ""


_MMSA, _MULT = "thuiar/MMSA", "yaohungt/Multimodal-Transformer"

KNOWN_FILES: tuple[KnownFile, ...] = (
    KnownFile(
        "MOSI/Processed/aligned_50.pkl",
        _MMSA,
        (768, 5, 20),
        1284,
        "d3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9",
    ),
    KnownFile(
        "MOSI/Processed/unaligned_50.pkl",
        _MMSA,
        (768, 5, 20),
        1284,
        "78e0f8b5ef8ff71558e7307848fc1fa929ecb078203f565ab22b9daab2e02524",
    ),
    KnownFile(
        "MOSEI/Processed/aligned_50.pkl",
        _MMSA,
        (768, 74, 35),
        16326,
        "45eccfb748a87c80ecab9bfac29582e7b1466bf6605ff29d3b338a75120bf791",
    ),
    KnownFile(
        "MOSEI/Processed/unaligned_50.pkl",
        _MMSA,
        (768, 74, 35),
        16326,
        "ad8b23d50557045e7d47959ce6c5b955d8d983f2979c7d9b7b9226f6dd6fec1f",
    ),
    KnownFile(
        "SIMS/Processed/unaligned_39.pkl",
        _MMSA,
        (768, 33, 709),
        1368,
        "c9e20c13ec0454d98bb9c1e520e490c75146bfa2dfeeea78d84de047dbdd442f",
    ),
    KnownFile("mosi_data.pkl or mosi_data_noalign.pkl", _MULT, (300, 5, 20), 1284),
    KnownFile("iemocap_data.pkl or iemocap_data_noalign.pkl", _MULT, (300, 74, 35), 2717),
    KnownFile("ch-simsv2s.pkl", "thuiar/ch-sims-v2", (768, 25, 177), 2722),
    KnownFile("IEMOCAP_features.pkl", "MMGCN", (100, 1582, 342)),
    KnownFile("MELD_features_raw1.pkl", "MMGCN", (600, 300, 342)),
    KnownFile("iemocap_multimodal_features.pkl", "SDT", (1024, 1582, 342)),
    KnownFile("meld_multimodal_features.pkl", "SDT", (1024, 300, 342)),
)

_GLOVE, _BERT = "GloVe 840B", "BERT (base), last layer"
_COVAREP, _SELECTED_AUDIO = "COVAREP", "5 of COVAREP's 74, selected by the authors of MulT"
_FACET, _SELECTED_VISION = "FACET 4.2", "20 of FACET's 35 or 47, selected by the authors of MulT"
_IS10, _FACES = "openSMILE (IS10)", "DenseNet trained on FER+"

FEATURES: Mapping[Widths, tuple[str, str, str]] = {
    (768, 5, 20): (_BERT, _SELECTED_AUDIO, _SELECTED_VISION),
    (300, 5, 20): (_GLOVE, _SELECTED_AUDIO, _SELECTED_VISION),
    (768, 74, 35): (_BERT, _COVAREP, _FACET),
    (300, 74, 35): (_GLOVE, _COVAREP, _FACET),
    (300, 74, 47): (_GLOVE, _COVAREP, "FACET 4.1"),
    (300, 74, 713): (_GLOVE, _COVAREP, "OpenFace 2"),
    (768, 33, 709): (_BERT, "LibROSA", "OpenFace 2"),
    (768, 25, 177): (_BERT, "openSMILE (eGeMAPS)", "OpenFace 2"),
    (100, 1582, 342): ("a convolutional network on GloVe", _IS10, _FACES),
    (600, 300, 342): ("a network on GloVe", "openSMILE, reduced", _FACES),
    (1024, 1582, 342): ("RoBERTa (large)", _IS10, _FACES),
    (1024, 300, 342): ("RoBERTa (large)", "openSMILE, reduced", _FACES),
}
"""What widths are that occur together in published files."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_origin(dataset: Dataset, sha256: str | None = None) -> Iterator[str]:
    """Lines on what a data set is and what its features are; none where nobody knows.

    Args:
        dataset: as read.
        sha256: of its file; None: it has none, or nobody asked.
    """
    widths = dataset.widths
    found = (widths["language"], widths["audio"], widths["vision"])
    named = next((known for known in KNOWN_FILES if sha256 and known.sha256 == sha256), None)
    if named is not None:
        yield f"  known file    {named.name} of {named.publisher}, by its SHA-256"
    else:
        alike = [known for known in KNOWN_FILES if known.widths == found and _has_items(dataset, known)]
        if alike:
            names = " or ".join(f"{known.name} of {known.publisher}" for known in alike)
            published = any(known.sha256 for known in alike)
            remark = "its SHA-256 is none of those published" if published and sha256 else "no SHA-256 is published"
            yield f"  known file    has the widths{_say_items(alike)} of {names}" + (f"; {remark}" if sha256 else "")
    if found in FEATURES:
        parts = [
            f"{modality} {width}: {what}"
            for modality, width, what in zip(MODALITIES, found, FEATURES[found], strict=True)
            if modality in dataset.modalities
        ]
        yield f"  features      {'; '.join(parts)} (by their widths)"


def _has_items(dataset: Dataset, known: KnownFile) -> bool:
    return known.num_train is None or len(dataset.splits.get("train", ())) == known.num_train


def _say_items(alike: list[KnownFile]) -> str:
    return " and the number of items" if all(known.num_train is not None for known in alike) else ""
