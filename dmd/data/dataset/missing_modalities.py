"""Which modalities of which test items are missing, for a model that was trained on all of them.

A missing modality is blank, as hidden ones are (:mod:`dmd.data.dataset.visible_modalities`): one real step of zeros. A
condition is a name:

* ``only-audio``, ``no-audio``: one modality is left, or one is missing, in every item. These are the six fixed
  conditions of MMIN (Zhao, Li and Jin, ACL 2021), ``{a}, {v}, {l}, {a,v}, {a,l}, {v,l}`` available.
* ``rate-0.3``: 30% of all modalities of all items are missing, at random; no item lacks all. This is the random missing
  of IMDer (Wang, Li and Cui, NeurIPS 2023), as GCNet (Lian et al., TPAMI 2023) draws it: the rate is one less the mean
  share of modalities that an item has, 0.0 to 0.7 in steps of 0.1, where 0.7 stands for the most there can be of three
  modalities, two thirds.

Both papers train with modalities missing as well; here training and validation have all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.batches import Batch
from dmd.errors import ConfigurationError
from dmd.modalities import MODALITIES, Modality
from dmd.random_streams import numpy_generator

BoolArray = npt.NDArray[np.bool_]

_RATE, _ONLY, _WITHOUT = "rate-", "only-", "no-"
_SLACK = 0.05
"""By how much a rate may exceed what can be missing: 0.7 of three modalities, of which one always stays."""


def missing_rows(
    condition: str, seen: Sequence[Modality], num_items: int, seed: int
) -> Mapping[Modality, BoolArray] | None:
    """What is missing under a condition.

    Args:
        condition: its name.
        seen: the modalities that the model is shown otherwise.
        num_items: n.
        seed: of the trial. Rates of one seed draw from one stream: what is missing at a rate is missing at every higher
            one, and arms of one seed miss the same.

    Returns:
        Modality -> (n,) True where it is missing, of every modality that is seen; None where the condition would leave
        nothing of what is seen.

    Raises:
        ConfigurationError: the name is no condition.
    """
    if condition.startswith(_RATE):
        return _draw(_rate_of(condition), seen, num_items, seed)
    present = _present_in(condition)
    if not any(modality in present for modality in seen):
        return None
    return {modality: np.full(num_items, modality not in present) for modality in seen}


def hide_missing(batch: Batch) -> Batch:
    """``batch`` with every modality that is missing as one real step of zeros."""
    missing = batch.missing
    if not missing:
        return batch
    features = {
        m: x.masked_fill(missing[m][:, None, None], 0) if m in missing else x for m, x in batch.features.items()
    }
    lengths = {m: n.masked_fill(missing[m], 1) if m in missing else n for m, n in batch.lengths.items()}
    return replace(batch, features=features, lengths=lengths)


def _rate_of(condition: str) -> float:
    try:
        rate = float(condition.removeprefix(_RATE))
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise ConfigurationError(f"no missing condition is called {condition!r}; rates are 0 to 1, as {_RATE}0.3")
    return rate


def _present_in(condition: str) -> tuple[Modality, ...]:
    for modality in MODALITIES:
        if condition == f"{_ONLY}{modality}":
            return (modality,)
        if condition == f"{_WITHOUT}{modality}":
            return tuple(m for m in MODALITIES if m != modality)
    raise ConfigurationError(
        f"no missing condition is called {condition!r}; write {_ONLY}<modality>, {_WITHOUT}<modality> or {_RATE}<rate>"
    )


def _draw(rate: float, seen: Sequence[Modality], num_items: int, seed: int) -> Mapping[Modality, BoolArray] | None:
    """Every item keeps one modality, any as likely; of all the others the first so many in a random order go."""
    num_seen = len(seen)
    if rate > (num_seen - 1) / num_seen + _SLACK:
        return None
    generator = numpy_generator(seed, "missing")
    kept = generator.integers(num_seen, size=num_items)
    order = generator.permutation(num_items * (num_seen - 1))
    items, others = np.divmod(order[: round(rate * num_items * num_seen)], max(num_seen - 1, 1))
    gone = np.zeros((num_items, num_seen), dtype=np.bool_)
    gone[items, others + (others >= kept[items])] = True
    return {modality: gone[:, place] for place, modality in enumerate(seen)}
