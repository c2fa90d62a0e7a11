"""What every method can be told about its inputs; settings of the data edge, not of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from dmd.data.dataset.visible_modalities import ALL_VISIBLE, VisibleModalities, seen_modalities
from dmd.data.samples.alignment import Align
from dmd.job import Setting
from dmd.modalities import Modality
from dmd.settings import setting

TextSource = Literal["features", "bert_ids"]


@dataclass(frozen=True)
class BertSettings:
    """The encoder of ``text: bert_ids``."""

    path: str = setting("bert-base-uncased", "a directory here or in --data-dir, or a name on the Hugging Face hub")
    learning_rate: float = setting(2e-5, "of BERT's own parameters; 0 freezes them", low=0, high=10)


@dataclass(frozen=True)
class InputConfig:
    """What a model is given.

    Attributes:
        modalities: those that it sees.
        align: the end of a sequence that its real steps stand at; ``file``: the one that the file has.
        text: ``features`` are those of the file; ``bert_ids`` its token ids, read by a BERT that is trained as well.
        bert: the encoder of ``bert_ids``.
    """

    modalities: VisibleModalities = setting(ALL_VISIBLE, "modalities the model sees; the others are blanked")
    align: Align = setting("end", "the end of a sequence at which its real steps stand; file: where the file has them")
    text: TextSource = setting("features", "the file's text features, or its token ids through BERT")
    bert: BertSettings = field(default_factory=BertSettings)

    @property
    def reads_tokens(self) -> bool:
        """Hidden language has no tokens: the file's features are blanked, whatever ``text`` says."""
        return self.text == "bert_ids" and "language" in seen_modalities(self.modalities)


def visible_modalities(settings: Mapping[str, Setting]) -> frozenset[Modality]:
    """The modalities that settings show their model."""
    return frozenset(seen_modalities(cast(VisibleModalities, settings.get("modalities", ALL_VISIBLE))))


def inactive_inputs(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings of the inputs that have no effect under the given ones."""
    has_language = "language" in str(settings.get("modalities", ALL_VISIBLE)).split("+")
    inactive = set() if has_language else {"text"}
    if not has_language or settings.get("text", "features") == "features":
        inactive |= {"bert.path", "bert.learning_rate"}
    return frozenset(inactive)
