"""Predictions of a model over a part of the data, and what else it shows of every item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch

from dmd.data.dataset.batches import Batch, ordered_batches
from dmd.data.dataset.missing_modalities import hide_missing
from dmd.dropout import no_dropout
from dmd.modalities import Modality
from dmd.models.model import Model
from dmd.precision import forward_pass
from dmd.training.distributed.team import SOLO, Team
from dmd.training.label_units import LabelUnit

EVALUATION_BATCH = 256
NOTHING_MISSING: Mapping[Modality, npt.NDArray[np.bool_]] = MappingProxyType({})


def predict(
    model: Model,
    part: Batch,
    unit: LabelUnit,
    team: Team = SOLO,
    missing: Mapping[Modality, npt.NDArray[np.bool_]] = NOTHING_MISSING,
) -> npt.NDArray[np.float32]:
    """One prediction per sample, without dropout; labels are not looked at.

    Several workers each predict their share of the samples, and all of them get all predictions.

    Args:
        model: a trained model.
        part: n samples.
        unit: from the unit that the model is trained in to that of the labels.
        team: the workers that predict together.
        missing: modality -> (n,) True where it is missing; of a modality that is not named nothing is.

    Returns:
        (n,) or (n, K) float32 in the order of the data: numbers in the unit of its labels, or probabilities.
    """
    model.eval()
    own, sharing = team.share_of(len(part))
    gone = {m: torch.from_numpy(rows).to(part.device) for m, rows in missing.items()}
    unlabelled = replace(part, labels=None, missing=gone)
    none = torch.empty((0, *unit.columns), device=part.device)
    with torch.no_grad():
        batches = (hide_missing(batch) for batch in ordered_batches(unlabelled, EVALUATION_BATCH, own))
        parts = [model(batch, no_dropout).prediction for batch in batches]
        outputs = sharing.gather(torch.cat([none, *(part.float() for part in parts)]))
        return unit.decode(unit.read(outputs).cpu().numpy())


def inspect_part(model: Model, part: Batch, unit: LabelUnit) -> dict[str, npt.NDArray[np.float32]]:
    """What the model shows of each item.

    Args:
        model: a trained model.
        part: n samples.
        unit: from what the model gives to kept predictions; applied to those of auxiliary heads (``heads/...``).

    Returns:
        Name -> (n, ...) float32 in the order of the data, and the model's constants by name.
    """
    model.eval()
    unlabelled = replace(part, labels=None)
    with torch.no_grad(), forward_pass(model.precision, part.device):
        batches = [model.inspect(batch) for batch in ordered_batches(unlabelled, EVALUATION_BATCH)]
    shown = {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}
    found = {}
    for name, value in {**shown, **model.constants()}.items():
        is_prediction = name.startswith("heads/")
        values = (unit.read(value.float()) if is_prediction else value.float()).cpu().numpy()
        found[name] = unit.decode(values) if is_prediction else values
    return found
