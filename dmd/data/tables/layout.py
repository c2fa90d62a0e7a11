"""Where each file format keeps things. Adding a format is one value of :class:`FileLayout` and one reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dmd.modalities import Modality

SPLITS: tuple[str, ...] = ("train", "valid", "test")

SCALE_KEY = "label_scale"
"""Top-level, optional in every format: three numbers, low, high, neutral."""

KIND_KEY, NAMES_KEY = "target_kind", "target_names"
"""Top-level, optional in every format: what the labels are (:mod:`dmd.data.samples.target`), and the names of it."""

LABELS_KEY = "target_keys"
"""Top-level, optional in pickles: the key of the labels, or one for each name, where it is not the format's own."""

ABOUT_KEYS = (SCALE_KEY, KIND_KEY, NAMES_KEY, LABELS_KEY)
"""What a file may say of its labels."""


@dataclass(frozen=True)
class FileLayout:
    """The keys of one split.

    Attributes:
        features: modality -> key, of the modalities that are read.
        labels: key of the labels.
        more_labels: keys of further labels, where a target of several names has one key for each.
        ids: key of the ids.
        group: key of the group (the video) of each item, where the file has one; otherwise the ids tell
            (:mod:`dmd.data.dataset.groups`).
        fold: key of the file's own folds; None: the format has none.
        shared_lengths: one key for all modalities, used where a modality has no ``<feature key>_lengths`` of its own;
            None: the format has none.
        token_mask: key of (n, 3, T) token ids, attention mask, segment ids; None: the format has none. The sum of the
            mask row is the text's length, and the length of every modality aligned with the text.
        takes_vectors: (n, D) features without lengths stand for one step.
        has_segment_ids: ids are (n, 3), video, start and end, or are missing; then the videos are unknown, and all rows
            of a split count as one group.
        reads_labels: whether labels, ids and all three splits must be there; otherwise labels are left unread.
    """

    features: Mapping[Modality, str]
    labels: str
    ids: str = "id"
    group: str = "video"
    fold: str | None = None
    shared_lengths: str | None = None
    token_mask: str | None = None
    takes_vectors: bool = False
    has_segment_ids: bool = False
    reads_labels: bool = True
    more_labels: tuple[str, ...] = ()

    @property
    def label_keys(self) -> tuple[str, ...]:
        """The keys of the labels, in the order of the target's names."""
        return (self.labels, *self.more_labels)

    def lengths_of(self, modality: Modality) -> str:
        """The key of the lengths of one modality."""
        return f"{self.features[modality]}_lengths"

    @property
    def required(self) -> tuple[str, ...]:
        """The keys without which a split cannot be read."""
        ids = () if self.has_segment_ids or not self.reads_labels else (self.ids,)
        return (*(self.label_keys if self.reads_labels else ()), *ids, *self.features.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key of a split that is read, required or not."""
        optional = (self.group, self.fold, self.shared_lengths, self.token_mask)
        lengths = tuple(self.lengths_of(modality) for modality in self.features)
        return (*self.label_keys, self.ids, *self.features.values(), *lengths, *(key for key in optional if key))


_FEATURES: Mapping[Modality, str] = MappingProxyType({"language": "text", "audio": "audio", "vision": "vision"})

TUPLES = FileLayout(_FEATURES, labels="labels")
"""MISA's and MAG-BERT's items, clips of ``.csd`` sequences: each with lengths of its own, ids ``video[k]``."""

DIALOGUES = FileLayout(_FEATURES, labels="labels", group="dialogue", takes_vectors=True)
"""Utterances of dialogues, one vector per modality; keys ``speaker`` and ``session`` where these are known."""

NPZ = FileLayout(
    _FEATURES,
    labels="labels",
    fold="fold",
    shared_lengths="lengths",
    token_mask="text_bert",
    takes_vectors=True,
)
"""Keys ``<split>/<key>`` of an ``.npz`` archive."""

CMU = FileLayout(_FEATURES, labels="labels", has_segment_ids=True)
"""``mosi_data.pkl``, ``mosei_senti_data_noalign.pkl`` and their like, of yaohungt/Multimodal-Transformer: GloVe text,
labels (n, 1, 1), ids (n, 3) or none, padded on the left."""

MMSA = FileLayout(_FEATURES, labels="regression_labels", token_mask="text_bert")
"""``aligned_50.pkl`` and ``unaligned_50.pkl`` of thuiar/MMSA: a dictionary of splits. ``text`` holds BERT features."""
