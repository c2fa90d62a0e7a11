"""The same data in other units give the same comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import load_dataset
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.job import FoldRef, Job, JobResult, Setting
from dmd.losses.margin import margin_loss
from dmd.training.label_units import label_unit
from dmd.training.run import run_job
from tests.dmd.builders import TINY
from tests.dmd.data_builders import npz_arrays, write_npz

SCALES = {"t": LabelScale(), "t + 4": LabelScale(1, 7, 4), "100 t / 3": LabelScale(-100, 100, 0)}
"""The same labels, and the scale that they are declared on."""
BACKBONE: dict[str, Setting] = {"width": 8, "heads": 2, "levels": 1, "max_epochs": 3, "learning_rate": 1e-2}
METHODS: dict[str, dict[str, Setting]] = {
    "dmd": {**TINY, **BACKBONE},
    "mult": {**BACKBONE, "gd": True},
    "unimodal": {**BACKBONE, "fd": True},
    "ridge": {},
    "median": {},
}


def trained(folder: Path, method: str, unit: str) -> JobResult:
    scale = SCALES[unit]
    arrays = npz_arrays()
    for split in ("train", "valid", "test"):
        t = arrays[f"{split}/labels"].astype(np.float64)
        arrays[f"{split}/labels"] = t * (scale.high - scale.neutral) / 3 + scale.neutral
    dataset = load_dataset(write_npz(folder, arrays), Declared(scale=scale))
    job = Job(method, METHODS[method], 1, FoldRef(), scores_test=True, keeps_details=True)
    return run_job(job, dataset, lambda _: True)


@pytest.mark.parametrize("unit", ["t + 4", "100 t / 3"])
@pytest.mark.parametrize("method", METHODS)
def test_predictions_are_the_same_in_another_unit(tmp_path: Path, method: str, unit: str) -> None:
    reference, other = trained(tmp_path, method, "t"), trained(tmp_path, method, unit)
    assert reference.test_predictions is not None
    assert other.test_predictions is not None
    scale = SCALES[unit]
    expected = reference.test_predictions.values * (scale.high - scale.neutral) / 3 + scale.neutral
    np.testing.assert_allclose(other.test_predictions.values, expected, rtol=1e-3, atol=1e-3)
    assert reference.test is not None
    assert other.test is not None
    assert other.test["mae"] == pytest.approx(reference.test["mae"] * (scale.high - scale.neutral) / 3, rel=1e-3)
    assert other.test["acc2_has0"] == reference.test["acc2_has0"]
    for name, values in reference.test_details.items():
        if name.startswith("heads/"):
            shown = values * (scale.high - scale.neutral) / 3 + scale.neutral
            np.testing.assert_allclose(other.test_details[name], shown, rtol=1e-3, atol=1e-3)


def test_labels_of_mosi_pass_unchanged() -> None:
    labels = torch.tensor([-3.0, -1.2, 0.1, 2.6])
    unit = label_unit(Target(scale=LabelScale()))
    assert torch.equal(unit.encode(labels), labels)
    assert np.array_equal(unit.decode(labels.numpy()), labels.numpy())


def test_the_farther_end_of_an_uneven_scale_is_three() -> None:
    # 0..3 around 0 (MOSEI's emotions): 3 - 0 = 3, so the unit is 1; 1..9 around 3: 9 - 3 = 6, so it is 2
    assert label_unit(Target(scale=LabelScale(0, 3, 0))).encode(torch.tensor([3.0])).item() == 3
    assert label_unit(Target(scale=LabelScale(1, 9, 3))).encode(torch.tensor([1.0, 9.0])).tolist() == [-1, 3]


def test_rounded_classes_of_the_margin_follow_the_declared_scale() -> None:
    # on 1..7 around 4 the labels 5, 6 and 7 are three classes; as they come, all of them would be "3 and more"
    unit = label_unit(Target(scale=LabelScale(1, 7, 4)))
    vectors = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]] * 3)
    modality = torch.arange(3).repeat_interleave(3)

    def loss(labels: torch.Tensor) -> float:
        return float(
            margin_loss(
                vectors,
                labels.repeat(3),
                modality,
                torch.tensor(0.5),  # the nearest other class has cosine 0.8: hinge 0.5 - 1 + 0.8
                kind="constant",
                triplets="cross_modal",
                label_class="round7",
                reduction="triples",
            )
        )

    assert loss(unit.encode(torch.tensor([5.0, 6.0, 7.0]))) > 0
    assert loss(torch.tensor([5.0, 6.0, 7.0])) == 0, "one class has no negatives"
