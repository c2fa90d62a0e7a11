"""One computational sequence: what kind of features it holds, and those of one video."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dmd.data.samples.arrays import AnyArray
from dmd.data.untrusted.hdf5 import Hdf5Error, Hdf5File

Role = Literal["language", "audio", "vision", "labels"]
ROLES: tuple[Role, ...] = ("language", "audio", "vision", "labels")

_SIGNS: Mapping[Role, re.Pattern[str]] = {
    "labels": re.compile(r"label|opinion"),
    "language": re.compile(r"glove|word.?vector|bert|fasttext|language"),
    "audio": re.compile(r"covarep|opensmile|gemaps|acoustic|audio|wav2vec|hubert|librosa|mfcc"),
    "vision": re.compile(r"facet|openface|vision|visual|resnet|clip"),
}
"""Found in names of known ones: glove_vectors, COVAREP, OpenSMILE, FACET_4.2, OpenFace_2, Opinion Segment Labels."""

_SEGMENT = re.compile(r"(.+)\[\d+\]")


@dataclass(frozen=True)
class Sequence:
    """An open sequence.

    Attributes:
        name: the only group of its file.
        file_name: for messages.
        entries: its videos, or clips of them (``video[k]``) where it was aligned before.
    """

    name: str
    file_name: str
    entries: frozenset[str]
    _file: Hdf5File

    def read(self, entry: str) -> tuple[AnyArray, AnyArray]:
        """Features (n, D) and intervals (n, 2) of one entry. Raises Hdf5Error where they are not."""
        features = self._file.read(self.name, "data", entry, "features")
        intervals = self._file.read(self.name, "data", entry, "intervals")
        if features.ndim != 2 or intervals.shape != (*features.shape[:1], 2) or intervals.dtype.kind not in "iuf":
            raise Hdf5Error(
                f"{repr(entry)[1:81]}: has features {features.shape} and intervals {intervals.shape}; must be (n, D) "
                "and (n, 2)"
            )
        return features, intervals

    def entry_for(self, item: str) -> str | None:
        """The entry that holds the steps of a video or a clip: its own, or that of the whole video."""
        whole = video_of(item)
        return next((entry for entry in (item, whole) if entry in self.entries), None)


def open_sequence(file: Hdf5File, file_name: str) -> Sequence:
    """The sequence in an open file. Raises Hdf5Error if there is none."""
    roots = file.members()
    if len(roots) != 1:
        raise Hdf5Error(f"a computational sequence has one group, but here are {len(roots)}")
    if "data" not in file.members(roots[0]):
        raise Hdf5Error(f"{roots[0][:80]} has no group `data`, as a computational sequence has")
    return Sequence(roots[0], file_name, frozenset(file.members(roots[0], "data")), file)


def role_of(sequence: Sequence, stem: str) -> Role | None:
    """What a sequence is: what its file is called if that is a role, else what its own name says; None: unknown.

    stem: name of the file without its ending.
    """
    if stem in ROLES:
        return next(role for role in ROLES if role == stem)
    return next((role for role, sign in _SIGNS.items() if sign.search(sequence.name.lower())), None)


def video_of(item: str) -> str:
    """``video`` of ``video[k]``; any other id as it is."""
    match = _SEGMENT.fullmatch(item)
    return match[1] if match else item
