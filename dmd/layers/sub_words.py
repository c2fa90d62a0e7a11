"""What other modalities show while a word is said: their steps, cut into a stretch for each step of the language."""

from __future__ import annotations

import torch
from torch import Tensor

from dmd.layers.sequence import Sequence, longest


def steps_of_words(x: Sequence, num_words: Tensor, most_words: int) -> Sequence:
    """The real steps of each row in as many equal stretches as it has words, each a sequence of its own.

    A stretch has at least one step; where there are fewer steps than words, neighbouring words share one. Words behind
    the last real one are given one step, too, so that every sequence can be read; nothing should read it.

    Args:
        x: (B, T, w).
        num_words: (B,) real steps of the language.
        most_words: W, at least the largest of them.

    Returns:
        (B * W, longest stretch, w), real steps first.
    """
    moved = x.moved_to("start")
    word = torch.arange(most_words, device=x.steps.device)
    given, wanted = moved.lengths[:, None], num_words[:, None]
    firsts = torch.minimum(word * given // wanted, given - 1)
    ends = torch.minimum(torch.maximum((word + 1) * given // wanted, firsts + 1), given)
    lengths = (ends - firsts).flatten()
    place = firsts.flatten()[:, None] + torch.arange(longest(lengths, x.num_steps), device=x.steps.device)
    rows = torch.arange(len(x.steps), device=x.steps.device).repeat_interleave(most_words)[:, None]
    return Sequence(moved.steps[rows, place.clamp(max=x.num_steps - 1)], lengths)
