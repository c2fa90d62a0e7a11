"""Audio and vision brought to the steps of the language, for methods that read the modalities step by step together.

Where the lengths are equal already, pooling leaves everything as it is; so such a method runs on aligned and unaligned
data alike, and its setting ``equal_lengths`` says what makes the lengths equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.layers.sequence import Sequence
from dmd.modalities import MODALITIES, Modality
from dmd.precision import in_float32

Equaliser = Literal["pool", "ctc"]

TARGET: Modality = "language"
_BLANK = 0
_LAYERS = 2


@dataclass(frozen=True)
class EqualSequences:
    """Sequences of all modalities with the same lengths and the same number of steps, real steps first.

    Attributes:
        sequences: modality -> (B, longest, D_m); zeros behind the real steps.
        terms: what the module that aligned them adds to the loss, by name, each (B,).
    """

    sequences: Mapping[Modality, Sequence]
    terms: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def lengths(self) -> Tensor:
        """(B,) real steps, of every modality."""
        return self.sequences[TARGET].lengths

    @property
    def side_by_side(self) -> Sequence:
        """The features of all modalities as one sequence, (B, longest, sum of D_m), in the order of the modalities."""
        return Sequence(torch.cat([self.sequences[m].steps for m in MODALITIES], dim=-1), self.lengths)


class EqualLengths(nn.Module):
    """Averages a modality's steps over those of the language, or places them by a trained alignment.

    Args:
        kind: ``pool``: :func:`pool_to`, nothing is trained; ``ctc``: :class:`CTCAlignment`.
        widths: modality -> D_m.
        language_steps: the most steps of the language.
    """

    def __init__(self, kind: Equaliser, widths: Mapping[Modality, int], language_steps: int) -> None:
        super().__init__()
        self.alignments = nn.ModuleDict()
        if kind == "ctc":
            others = [m for m in MODALITIES if m != TARGET]
            self.alignments.update({m: CTCAlignment(widths[m], language_steps) for m in others})

    def forward(self, given: Mapping[Modality, Sequence]) -> EqualSequences:
        """Modality -> (B, T_m, D_m), at either side."""
        target = given[TARGET].shortened_to("start")
        target = target.with_steps(target.steps * target.is_real.unsqueeze(-1))
        sequences: dict[Modality, Sequence] = {}
        terms: dict[str, Tensor] = {}
        for m in MODALITIES:
            if m == TARGET:
                sequences[m] = target
            elif m in self.alignments:
                steps, error = self.alignments[m](given[m], target.lengths)
                sequences[m] = target.with_steps(steps[:, : target.num_steps])
                terms["ctc"] = terms["ctc"] + error if terms else error
            else:
                sequences[m] = pool_to(target, given[m])
        return EqualSequences(sequences, terms)


def pool_to(target: Sequence, x: Sequence) -> Sequence:
    """The real steps of each row of ``x`` averaged in as many equal stretches of time as ``target`` has real steps.

    Steps 0..499 in 50 stretches give 4.5, 14.5, ...; a step that two stretches share counts in each by its part, and
    where there are fewer steps than stretches, steps are repeated.

    Returns:
        (B, steps of ``target``, D), real steps first, zeros behind them.
    """
    moved = x.shortened_to("start")
    if moved.lengths.is_cpu and torch.equal(moved.lengths, target.lengths):  # elsewhere the host would wait to hear it
        return moved.with_steps(moved.steps * moved.is_real.unsqueeze(-1))
    weights = _overlaps(moved.lengths, moved.num_steps, target.lengths, target.num_steps)
    return Sequence(_place(weights, moved.steps), target.lengths)


def _overlaps(given: Tensor, num_given: int, wanted: Tensor, num_wanted: int) -> Tensor:
    """(B, wanted, given): which part of each stretch each step is.

    In units in which a row lasts given x wanted, step i lasts from i x wanted and stretch j from j x given; so all but
    the last division is in whole numbers.
    """
    step = torch.arange(num_given, device=given.device)[None, None, :] * wanted[:, None, None]
    stretch = torch.arange(num_wanted, device=given.device)[None, :, None] * given[:, None, None]
    step_end, stretch_end = step + wanted[:, None, None], stretch + given[:, None, None]
    end = (given * wanted)[:, None, None]
    overlap = (torch.minimum(torch.minimum(step_end, stretch_end), end) - torch.maximum(step, stretch)).clamp(min=0)
    return overlap / given[:, None, None]


class CTCAlignment(nn.Module):
    """Where in the language each step of another modality belongs, learned (the alignment of MulT's "CTC +" rows).

    Tsai et al., ACL 2019, after Graves et al., ICML 2006: two LSTM layers as wide as the language has steps, and one
    slot more for "nowhere"; their outputs after a softmax say to which slot each step belongs, and a slot is the sum of
    the steps by these shares. The CTC error asks that the steps pass the slots 1, 2, ... in their order; a row with
    fewer steps than the language has none, and is aligned by what the task asks of it.

    Args:
        width: of the features.
        language_steps: the most steps of the language.
    """

    def __init__(self, width: int, language_steps: int) -> None:
        super().__init__()
        self.cells = nn.LSTM(width, language_steps + 1, _LAYERS, batch_first=True)

    def forward(self, x: Sequence, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) and the language's lengths (B,) -> the slots (B, language_steps, D), and the CTC errors (B,)."""
        moved = x.shortened_to("start")
        scores, _ = self.cells(moved.steps)
        shares = scores.softmax(-1) * moved.is_real.unsqueeze(-1)
        slots = _place(shares[..., _BLANK + 1 :].transpose(1, 2), moved.steps)
        return slots * _is_before(lengths, slots.shape[1]), _ctc_error(scores, moved.lengths, lengths)


@in_float32
def _place(weights: Tensor, steps: Tensor) -> Tensor:
    """(B, M, T) times (B, T, D)."""
    return weights.to(steps.dtype) @ steps


@in_float32
def _ctc_error(scores: Tensor, given: Tensor, wanted: Tensor) -> Tensor:
    """(B,) the CTC error of passing 1..``wanted`` in ``given`` steps, per slot; 0 where it cannot be done."""
    targets = torch.arange(1, scores.shape[-1], device=scores.device).expand(len(scores), -1)
    log_shares = scores.log_softmax(-1).transpose(0, 1)
    errors = F.ctc_loss(log_shares, targets, given, wanted, _BLANK, reduction="none", zero_infinity=True)
    return errors / wanted


def _is_before(lengths: Tensor, num_steps: int) -> Tensor:
    return (torch.arange(num_steps, device=lengths.device) < lengths[:, None]).unsqueeze(-1)
