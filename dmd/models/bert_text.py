"""Text as token ids through a BERT that is trained with the method (Devlin et al., NAACL 2019).

It stands in front of any method: the language modality of a batch holds (B, T, 3) token ids, mask and segments, and
what the method sees is BERT's last hidden state, (B, T, H). As in the published code, padded tokens are hidden inside
BERT and its output there is left as it is: a method that masks padding never reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dmd.data.dataset.batches import Batch, ordered_batches
from dmd.data.dataset.missing_modalities import hide_missing
from dmd.data.dataset.tokens import Tokens
from dmd.data.samples.arrays import Side
from dmd.declaration.component import Phase
from dmd.dropout import Dropout, no_dropout
from dmd.errors import ConfigurationError
from dmd.layers.sequence import Sequence
from dmd.models.bert_files import EXTRA
from dmd.models.model import Model, Outputs, ParameterGroup

ATTENTION = "dmd_seeded"
_CHUNK = 256


class BertText(Model):
    """``method`` with its language features made by ``bert``, whose parameters have their own learning rate.

    A rate of 0, or a method without trained parameters, freezes BERT: then it is read as it is, without dropout. BERT
    counts positions from the first token, so tokens always stand at the start; ``side`` is where the method reads them.
    """

    def __init__(self, method: Model, bert: Bert, learning_rate: float, side: Side = "start") -> None:
        super().__init__()
        self.side = side
        self.method = method
        self.bert = bert
        self.reads = method.reads
        self.phases = method.phases
        self.smallest_batch = method.smallest_batch
        self.learning_rate = learning_rate
        self.is_frozen = learning_rate == 0 or not any(p.requires_grad for p in method.parameters())
        bert.requires_grad_(not self.is_frozen)

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The method's outputs on the encoded batch."""
        return self.method(self._encode(batch, dropout), dropout)

    def inspect(self, batch: Batch) -> Mapping[str, Tensor]:
        """What the method shows."""
        return self.method.inspect(self._encode(batch, no_dropout))

    def constants(self) -> Mapping[str, Tensor]:
        """What the method has."""
        return self.method.constants()

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """Encode the training part for a method that fits itself to it; others prepare nothing."""
        if not self.method.prepares_epochs:
            return
        with torch.no_grad():
            parts = [self._encode(part, no_dropout).features["language"] for part in ordered_batches(train, _CHUNK)]
        features, sides = {**train.features, "language": torch.cat(parts)}, {**train.sides, "language": self.side}
        self.method.prepare_epoch(epoch, replace(train, features=features, sides=sides))

    def parameter_groups(self, learning_rate: float) -> list[ParameterGroup]:
        """The method's groups first, then BERT's."""
        groups = self.method.parameter_groups(learning_rate)
        own = [] if self.is_frozen else [ParameterGroup(list(self.bert.parameters()), self.learning_rate)]
        return [*groups, *own]

    def parameters_of(self, phase: Phase) -> Iterator[nn.Parameter]:
        """The method's own; BERT learns in the first phase."""
        yield from self.method.parameters_of(phase)
        if phase == self.phases[0]:
            yield from self.bert.parameters()

    def parts(self) -> Mapping[str, nn.Module]:
        """BERT beside the method's own parts."""
        return {**self.method.parts(), "bert": self.bert}

    def _encode(self, batch: Batch, dropout: Dropout) -> Batch:
        tokens, lengths = batch.features["language"], batch.lengths["language"]
        encoded = self.bert(tokens, lengths, no_dropout if self.is_frozen else dropout)
        language = Sequence(encoded, lengths).moved_to(self.side)
        read = replace(
            batch,
            features={**batch.features, "language": language.steps},
            sides={**batch.sides, "language": self.side},
        )
        # What BERT makes of the blank that stood in place of a missing text is not blank.
        return hide_missing(read)


class Bert(nn.Module):
    """A Hugging Face ``BertModel`` whose dropout masks are those of :mod:`dmd.dropout`: no generator is drawn from."""

    def __init__(self, model: nn.Module, width: int) -> None:
        super().__init__()
        self.width = width
        self.model = model
        self._masks = _Masks()
        for name, module in list(model.named_modules()):
            for attribute, child in list(module.named_children()):
                if isinstance(child, nn.Dropout):
                    setattr(module, attribute, _SiteDropout(self._masks, child.p, f"bert.{name}.{attribute}"))

    def forward(self, tokens: Tensor, lengths: Tensor, dropout: Dropout) -> Tensor:
        """Encode a batch of token ids.

        Args:
            tokens: (B, T, 3) ids, attention mask, segment ids.
            lengths: (B,) real tokens, the first ones.
            dropout: of this step.

        Returns:
            BERT's last hidden state, (B, T, H).
        """
        real = Sequence(tokens, lengths).is_real[:, None, None, :]
        mask = torch.zeros(real.shape, device=tokens.device).masked_fill(~real, float("-inf"))
        self._masks.current = dropout
        try:
            output = self.model(
                input_ids=tokens[..., 0].long(), attention_mask=mask, token_type_ids=tokens[..., 2].long()
            )
        finally:
            self._masks.current = no_dropout
        hidden: Tensor = output.last_hidden_state
        return hidden


@dataclass
class _Masks:
    """The dropout of the forward pass that is going on."""

    current: Dropout = no_dropout


class _SiteDropout(nn.Module):
    """Stands where BERT has a dropout of its own. p: the name under which BERT's attention looks for the rate."""

    def __init__(self, masks: _Masks, rate: float, site: str) -> None:
        super().__init__()
        self._masks = masks
        self.p = rate
        self.site = site

    def forward(self, x: Tensor) -> Tensor:
        return self._masks.current(x, self.p, self.site)


def _seeded_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor, scaling: float, **ignored: Any
) -> tuple[Tensor, Tensor]:
    """Plain attention, (B, h, T, w / h) each, whose weights are dropped by the module's own (seeded) dropout."""
    scores = (query @ key.transpose(2, 3)) * scaling + attention_mask
    weights = module.dropout(scores.softmax(-1))
    return (weights @ value).transpose(1, 2).contiguous(), weights


def load_bert(directory: Path, tokens: Tokens) -> Bert:
    """The BERT in ``directory``, in float32. tokens: what it will have to read.

    Raises ConfigurationError where it is no BERT for these tokens, or the library is not installed.
    """
    transformers = _library()
    try:
        config = transformers.BertConfig.from_pretrained(directory, local_files_only=True)
    except Exception as error:  # values of any type raise whatever they happen to hit
        reason = " ".join(str(error).split())[:200]
        raise ConfigurationError(f"bert.path: {directory} has a config.json of no BERT ({reason})") from None
    if problem := _find_misfit(config, tokens):
        raise ConfigurationError(f"bert.path: {directory} {problem}")
    try:
        model, loaded = transformers.BertModel.from_pretrained(
            directory,
            config=config,
            add_pooling_layer=False,
            attn_implementation=ATTENTION,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # damaged files raise whatever their bytes happen to hit
        reason = " ".join(str(error).split())[:200]
        raise ConfigurationError(f"bert.path: {directory} cannot be loaded ({reason}); fetch it again") from None
    if missing := sorted(loaded["missing_keys"]):
        raise ConfigurationError(
            f"bert.path: {directory} lacks {len(missing)} of BERT's weights, the first is {missing[0]}; fetch it again"
        )
    # dropout is ours, and nothing else in it behaves otherwise in training
    return Bert(model.eval(), int(config.hidden_size))


def _library() -> Any:
    """The library, quiet, with our attention among its own; imported only here, because it takes seconds."""
    try:
        import transformers as library
    except ImportError:
        raise ConfigurationError(f"text: bert_ids needs an extra; {EXTRA}") from None
    transformers: Any = library
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    transformers.AttentionInterface.register(ATTENTION, _seeded_attention)
    return transformers


def _find_misfit(config: Any, tokens: Tokens) -> str | None:
    if tokens.largest_id >= config.vocab_size:
        return f"knows {config.vocab_size} tokens, but the data hold token id {tokens.largest_id}; take another model"
    if tokens.largest_segment >= config.type_vocab_size:
        return f"knows {config.type_vocab_size} segments, but the data hold segment {tokens.largest_segment}"
    if tokens.num_steps > config.max_position_embeddings:
        return f"reads at most {config.max_position_embeddings} tokens, but texts here have {tokens.num_steps}"
    return None
