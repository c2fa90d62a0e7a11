"""Where real steps stand: the side a file pads on and the steps it pads with are none of the data.

At ``end`` and ``start`` a file gives the same predictions and gradients whichever side it pads on, however much;
``file`` sees what the file has. The last test is the reason: the label belongs to the last real step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dmd.data.dataset.batches import whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import convert_dataset, open_dataset
from dmd.data.samples.samples import FilePadding
from dmd.dropout import no_dropout
from dmd.errors import DataError
from dmd.job import FoldRef, Job, Setting
from dmd.modalities import MODALITIES
from dmd.training.run import make_model, run_job, split_settings
from tests.dmd.builders import FEASIBLE, TINY
from tests.dmd.data_builders import Arrays, load_arrays, npz_arrays, write_npz

KERNELS: dict[str, Setting] = {"kernel.language": 3, "kernel.audio": 2, "kernel.vision": 7}
"""Of five steps: one kernel is longer than all there are."""
SMALL: dict[str, Setting] = {"width": 8, "heads": 2, "levels": 2, **KERNELS}
METHODS: dict[str, tuple[str, dict[str, Setting]]] = {
    **{f"dmd-{i}": ("dmd", {**TINY, **SMALL, **components}) for i, components in enumerate(FEASIBLE)},
    "dmd-official": ("dmd", {"preset": "official", **TINY, **SMALL, "align": "end"}),
    "dmd-means": ("dmd", {**TINY, **SMALL, "pool": "mean_valid", "margin.project": False}),
    "dmd-causal": ("dmd", {**TINY, **SMALL, "causal": True}),
    "mult": ("mult", {**SMALL, "gd": True}),
    "dmd-lstm": ("dmd", {**TINY, **SMALL, "projection.language": "lstm", "projection.vision": "lstm"}),
    "mult-mmsa": ("mult", {"preset": "mmsa_mosi", **SMALL, "align": "end"}),
    "unimodal": ("unimodal", {**SMALL, "fd": True}),
    "unimodal-lstm": ("unimodal", {**SMALL, "fd": True, "projection.language": "lstm"}),
    "ridge": ("ridge", {}),
}


def moved_right(arrays: Arrays) -> Arrays:
    """The same clips with the real steps of each first and its padding behind them."""
    moved = dict(arrays)
    for key, array in arrays.items():
        if array.ndim == 3:
            lengths = arrays[f"{key.split('/')[0]}/lengths"]
            moved[key] = np.stack([np.roll(x, n - len(x), axis=0) for x, n in zip(array, lengths, strict=True)])
    return moved


def padded(arrays: Arrays, extra: int, side: str) -> Arrays:
    """The same with so many more padded steps at one side."""
    widths = ((0, 0), (extra, 0), (0, 0)) if side == "left" else ((0, 0), (0, extra), (0, 0))
    keys = {f"{split}/{m}" for split in ("train", "valid", "test") for m in ("text", "audio", "vision")}
    return {key: np.pad(array, widths) if key in keys else array for key, array in arrays.items()}


def outcome(dataset: Dataset, method: str, settings: dict[str, Setting]) -> dict[str, Any]:
    """Predictions of the untrained model on the test part, and the gradients of a batch of the training part."""
    job = Job(method, settings, 0, FoldRef())
    chosen = split_settings(method, settings)
    parts = dataset.partition(FoldRef(), chosen.inputs)
    model = make_model(job, chosen, dataset)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    train = whole_batch(parts.train.inputs, parts.train.labels)
    model.prepare_epoch(1, train)
    test = whole_batch(parts.test.inputs)
    found = {"prediction": model(test.take(torch.arange(len(test))), no_dropout).prediction.detach()}
    loss = model(train.take(torch.arange(len(train))), no_dropout).loss
    assert loss is not None
    if loss.requires_grad:
        loss.backward()
    return found | {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(
            value, other[name], atol=1e-6, rtol=1e-6, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("align", ["end", "start"])
@pytest.mark.parametrize("name", METHODS)
def test_the_files_side_and_ten_more_padded_steps_change_nothing(tmp_path: Path, name: str, align: str) -> None:
    method, settings = METHODS[name]
    settings = settings | {"align": align}
    left, right = npz_arrays(side="left"), moved_right(npz_arrays(side="left"))
    reference = outcome(load_arrays(tmp_path, left), method, settings)
    for arrays in (right, padded(left, 10, "left"), padded(right, 10, "right")):
        assert_same(reference, outcome(load_arrays(tmp_path, arrays), method, settings))


@pytest.mark.parametrize("align", ["end", "start", "file"])
def test_mapped_data_are_laid_out_as_data_in_memory(tmp_path: Path, align: str) -> None:
    path = write_npz(tmp_path, padded(npz_arrays(side="left"), 2, "left"))

    settings: dict[str, Setting] = {**TINY, **SMALL, "align": align}
    in_memory, mapped = (
        outcome(dataset, "dmd", settings)
        for dataset in (open_dataset(str(path)), convert_dataset(str(path), tmp_path / "mapped"))
    )
    assert_same(in_memory, mapped)


@pytest.mark.parametrize("side", ["left", "right"])
def test_align_file_is_what_the_file_has(tmp_path: Path, side: FilePadding) -> None:
    arrays = padded(npz_arrays(side=side), 2, side)
    dataset = load_arrays(tmp_path, arrays)
    assert set(dataset.file_padding.values()) == {side}
    inputs = split_settings("dmd", {"preset": "official"}).inputs
    assert inputs.align == "file"
    batch = whole_batch(dataset.partition(FoldRef(), inputs).test.inputs)
    for m, key in zip(MODALITIES, ("text", "audio", "vision"), strict=True):
        is_padding = torch.from_numpy(arrays[f"test/{key}"] == 0).all(-1)
        assert torch.equal(~batch.sequence(m).is_real, is_padding)
        assert torch.equal((batch.features[m] == 0).all(-1), is_padding)
    steps = {m: x.shape[1] for m, x in batch.features.items()}
    assert steps == dict.fromkeys(MODALITIES, 7), "padding is a part of what the published code sees"


def test_align_file_needs_one_side(tmp_path: Path) -> None:
    left, right = npz_arrays(side="left"), npz_arrays(side="right")
    mixed = {key: right[key] if key.startswith("train/") else left[key] for key in left}
    dataset = load_arrays(tmp_path, mixed)
    with pytest.raises(
        DataError, match=r"`align: file` needs one side .* language, audio, vision .* write `align: end`"
    ):
        dataset.partition(FoldRef(), split_settings("dmd", {"preset": "official"}).inputs)
    dataset.partition(FoldRef())


def test_where_nothing_is_padded_all_layouts_are_one(tmp_path: Path) -> None:
    arrays = npz_arrays()
    generator = np.random.default_rng(0)
    for key, array in arrays.items():
        if key.endswith(("/text", "/audio", "/vision")):
            arrays[key] = generator.standard_normal(array.shape).astype(np.float32)
        if key.endswith("/lengths"):
            arrays[key] = np.full_like(array, 5)
    found = [
        outcome(load_arrays(tmp_path, arrays), "dmd", {**TINY, "align": align}) for align in ("end", "start", "file")
    ]
    assert_same(found[0], found[1])
    assert_same(found[0], found[2])


def signal_in_the_last_step(lengths: str) -> Arrays:
    """Noise, and in the last real step of each clip of 1 to 6 steps (or all of 6) what its label is."""
    generator = np.random.default_rng(5)
    arrays: Arrays = {}
    for split, n in (("train", 200), ("valid", 60), ("test", 200)):
        real = np.full(n, 6) if lengths == "full" else generator.integers(1, 7, n)
        labels = generator.integers(-3, 4, n).astype(np.float32)
        for key, width in (("text", 4), ("audio", 2), ("vision", 2)):
            x = generator.standard_normal((n, 6, width))
            x[:, -1, 0] = labels + 0.3 * generator.standard_normal(n)
            x[np.arange(6) < (6 - real)[:, None]] = 0.0
            arrays[f"{split}/{key}"] = x.astype(np.float32)
        arrays |= {f"{split}/lengths": real, f"{split}/labels": labels}
        arrays[f"{split}/id"] = np.array([f"{split}{row}" for row in range(n)])
    return arrays


def error_of(arrays: Arrays, folder: Path, align: str) -> float:
    """Test MAE of a DMD over that of the median, after a few epochs."""
    settings: dict[str, Setting] = {
        **TINY,
        **{f"kernel.{m}": 5 for m in MODALITIES},
        "align": align,
        "learning_rate": 3e-3,
        "max_epochs": 8,
        "dropout.text": 0.0,
        "dropout.output": 0.1,
        "dropout.embed": 0.0,
    }
    result = run_job(Job("dmd", settings, 1, FoldRef(), scores_test=True), load_arrays(folder, arrays), lambda _: True)
    assert result.test is not None
    assert result.fallback_test is not None
    return result.test["mae"] / result.fallback_test["mae"]


def test_a_signal_in_the_last_real_step_is_found_as_well_at_mixed_lengths(tmp_path: Path) -> None:
    full, mixed = signal_in_the_last_step("full"), signal_in_the_last_step("mixed")
    at_full, at_end = error_of(full, tmp_path, "end"), error_of(mixed, tmp_path, "end")
    assert at_full < 0.5, "the signal can be learned"
    assert at_end < at_full + 0.05
    assert error_of(mixed, tmp_path, "start") > at_end + 0.1, "and this is what the side is worth"
