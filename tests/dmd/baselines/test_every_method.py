"""What holds for every method that is trained, whoever adds it: a registered method is tested here without a line more.

Only its size needs one: :data:`SIZES`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.input_config import InputConfig
from dmd.data.samples.target import Target
from dmd.declaration import Method
from dmd.dropout import no_dropout
from dmd.job import FoldRef, Setting
from dmd.modalities import MODALITIES, Modality
from dmd.models.model import Model
from dmd.models.plain_module import module_of
from dmd.registry import METHODS, build_model
from dmd.scoring import Scoring
from dmd.settings import fields_of
from dmd.training.config import TrainingConfig
from dmd.training.loop import train
from dmd.training.module_proofs import prove_module
from dmd.training.run import split_settings
from dmd.training.sharing_proof import shares_batches
from tests.dmd.builders import TINY, make_batch, make_dims
from tests.dmd.data_builders import Arrays, load_arrays, npz_arrays

DIMS = make_dims()
CONTEXT10, MMSA_BERT = (100, 73, 100), (768, 73, 100)
TRAINED = [name for name in METHODS if name not in ("ridge", "median")]
PLAIN = [name for name in TRAINED if METHODS[name].is_plain]

Size = tuple[tuple[int, int, int], dict[str, Setting], int]

SIZES: Mapping[str, Size] = {
    # By hand, or counted in MMSA 2.2.1 at the same sizes, less what it never trains.
    "dmd": (CONTEXT10, {}, 3_363_582),
    "mult": (CONTEXT10, {"preset": "mmsa_mosi"}, 2_441_551),
    "unimodal": (CONTEXT10, {}, 147_751),
    "ef_lstm": (CONTEXT10, {"preset": "mmsa_mosi"}, 619_285),
    # three times 4 x 128 x (width + 128 + 2), then 384 x 128 + 128 and 128 + 1
    "lf_lstm": (CONTEXT10, {}, 512 * 230 + 64 * 91 + 128 * 134 + 176 * 128 + 128 + 129),
    "lf_dnn": (CONTEXT10, {"preset": "mmsa_mosi"}, 266_779),
    "tfn": (CONTEXT10, {"preset": "mmsa_mosi"}, 9_167_739),
    "lmf": (CONTEXT10, {"preset": "mmsa_mosi"}, 174_679),
    # those of the fusion alone: a single number leaves nothing to heads of single modalities
    "mlf_dnn": (CONTEXT10, {}, 266_779),
    "mtfn": (CONTEXT10, {"hidden.audio": 32, "hidden.vision": 128}, 9_167_739),
    "mlmf": (CONTEXT10, {}, 174_679),
    # less 3,588 that MMSA leaves unused
    "misa": (MMSA_BERT, {"preset": "mmsa_mosi"}, 1_815_297 - 3_588),
    "mfn": (CONTEXT10, {"preset": "mmsa_mosi"}, 1_579_249),
    "mfm": (CONTEXT10, {"preset": "mmsa_mosi"}, 951_155 - 45_313),
    "graph_mfn": (CONTEXT10, {"preset": "mmsa_mosi"}, 1_517_216 + 208_656),
    "recurrent": (CONTEXT10, {}, 512 * 230 + 129),
    # a layer, an LSTM and a gate on audio and on vision; the shift; the LSTM over words and its output
    "raven": (CONTEXT10, {}, 74 * 64 + 101 * 64 + 2 * (256 * 130 + 165) + 129 * 100 + 512 * 230 + 129),
    # two linear layers at either end of the first level, two networks, the end of the second, the regression
    "mctn": (
        CONTEXT10,
        {},
        2 * (101 * 32 + 33 * 100)
        + (256 * 66 + 128 * 98 + 32 * 64 + 97 * 32)
        + (256 * 98 + 128 * 98 + 32 * 64 + 97 * 32)
        + 33 * 73
        + (128 * 98 + 33 * 32 + 32 + 33),
    ),
    # extractors, projections, four pairs of layers, discriminator, attention, norm, regression
    # projections; per level nine encoder layers, six gates and the weighing of the message; one layer that reads; head
    "pmr-style": (
        CONTEXT10,
        {},
        273 * 250 + 4 * (9 * 30_650 + 6 * 101 * 50 + 51 * 50 + 50 + 100 + 10_200 + 10_050) + 30_750 + 2 * 51 * 50 + 51,
    ),
    # those of MulT: the alignments have none
    "mica-style": (CONTEXT10, {}, 2_441_551),
    "fdmer-style": (
        CONTEXT10,
        {},
        512 * (166 + 139 + 166)
        + 3 * (129 * 128 + 256)
        + 8 * 129 * 128
        + (129 * 128 + 129 * 3)
        + 4 * 129 * 128
        + 256
        + (769 * 128 + 129),
    ),
}
"""Method -> widths, settings, trainable numbers at ten steps."""

BACKBONE: dict[str, Setting] = {name: value for name, value in TINY.items() if not name.startswith("gd.")}

SMALL: Mapping[str, dict[str, Setting]] = {
    "dmd": TINY,
    "mult": BACKBONE,
    "unimodal": BACKBONE,
    "ef_lstm": {"hidden": 16},
    "lf_lstm": {"hidden.language": 8, "fusion": 8},
    "lf_dnn": {"hidden.language": 8, "hidden.audio": 8, "hidden.vision": 8, "text_out": 8, "fusion": 16},
    "tfn": {"hidden.language": 8, "hidden.audio": 4, "hidden.vision": 4, "text_out": 4, "fusion": 16},
    "lmf": {"hidden.language": 16, "hidden.audio": 8, "hidden.vision": 8, "text_out": 8},
    "mlf_dnn": {"hidden.language": 8, "hidden.audio": 8, "hidden.vision": 8, "text_out": 8, "fusion": 16},
    "mtfn": {"hidden.language": 8, "hidden.audio": 4, "hidden.vision": 4, "text_out": 4, "fusion": 16},
    "mlmf": {"hidden.language": 16, "hidden.audio": 8, "hidden.vision": 8, "text_out": 8},
    "misa": {"hidden": 16},
    "recurrent": {"hidden": 16},
    "raven": {"cells": 8, "hidden": 16},
    "mctn": {"hidden": 16},
    "fdmer-style": {"width": 16, "hidden": 8},
    "pmr-style": BACKBONE,
    "mica-style": {**BACKBONE, "elements": 2, "confidence": 0.1},
}
"""Sizes that train in no time; a method without an entry is tested at its defaults."""

ORDER_FREE: Mapping[str, tuple[Modality, ...]] = {
    "unimodal": ("audio", "vision"),
    "recurrent": ("audio", "vision"),
    "lf_dnn": ("audio", "vision"),
    "tfn": ("audio", "vision"),
    "lmf": ("audio", "vision"),
    "mctn": ("audio", "vision"),
    "mlf_dnn": ("audio", "vision"),
    "mtfn": ("audio", "vision"),
    "mlmf": ("audio", "vision"),
}
"""Modalities that a method averages over time, or does not read; the order of their steps is nothing to it."""


def build(name: str, **settings: Setting) -> Model:
    """Of small sizes, without dropout."""
    rates = {part.name: 0.0 for part in fields_of(METHODS[name].settings) if "dropout" in part.name}
    return build_model(name, {**rates, **SMALL.get(name, {}), **settings}, DIMS, 0)


def run(model: Model, batch: Batch) -> Tensor:
    """Predictions as in validation."""
    model.eval()
    with torch.no_grad():
        return model(replace(batch, labels=None), no_dropout).prediction


def fit(model: Model, batch: Batch, num_steps: int, learning_rate: float = 3e-3, until: float = 0.0) -> list[float]:
    """The errors of the predictions along a few steps of Adam on one batch, to a part of the first at most."""
    model.train()
    optimiser = torch.optim.Adam(model.parameters(), learning_rate)
    errors = []
    for _ in range(num_steps):
        optimiser.zero_grad()
        outputs = model(batch, no_dropout)
        assert outputs.loss is not None
        assert batch.labels is not None
        outputs.loss.backward()
        optimiser.step()
        errors.append(float((outputs.prediction.detach() - batch.labels).abs().mean()))
        if errors[-1] < until * errors[0]:
            break
    return errors


@functools.cache
def trained(name: str) -> Model:
    """A few steps away from its initial values, so that nothing is zero by chance."""
    torch.manual_seed(0)
    model = build(name)
    fit(model, make_batch(DIMS, 12, seed=1), 8)
    return model


def padded(batch: Batch, extra: int) -> Batch:
    """With ``extra`` steps of zeros more on the side of the padding."""
    features = {}
    for m, x in batch.features.items():
        more = torch.zeros(len(x), extra, x.shape[2])
        features[m] = torch.cat([more, x] if batch.sides[m] == "end" else [x, more], dim=1)
    return replace(batch, features=features)


@pytest.mark.parametrize("name", TRAINED)
def test_it_has_as_many_parameters_as_its_mechanism_says(name: str) -> None:
    widths, settings, expected = SIZES[name]
    model = build_model(name, split_settings(name, settings).settings, make_dims(widths, (10, 10, 10)), 0)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == expected


@pytest.mark.parametrize("name", TRAINED)
def test_it_can_learn_thirty_two_samples_by_heart(name: str) -> None:
    batch = make_batch(DIMS, 32, seed=2)
    errors = fit(build(name), batch, 120, learning_rate=1e-2, until=0.5)
    assert errors[-1] < 0.5 * errors[0]


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("name", PLAIN)
def test_padding_is_no_data_on_either_side(name: str, side: str) -> None:
    model = trained(name)
    expected = run(model, make_batch(DIMS, 8, seed=3))
    batch = make_batch(DIMS, 8, seed=3)
    moved = {m: batch.sequence(m).moved_to(side).steps for m in MODALITIES}  # type: ignore[arg-type]
    batch = replace(batch, features=moved, sides=dict.fromkeys(MODALITIES, side))  # type: ignore[arg-type]
    for extra in (0, 10):
        assert (run(model, padded(batch, extra)) - expected).abs().max() < 1e-6


def repadded(arrays: Arrays, side: str, extra: int) -> Arrays:
    """Left-padded ``arrays`` with ``extra`` steps of zeros more, and their real steps at the other end on request."""
    found = dict(arrays)
    for key, values in arrays.items():
        if values.ndim == 3:
            longer = np.pad(values, [(0, 0), (extra, 0), (0, 0)])
            lengths = arrays[f"{key.split('/')[0]}/lengths"]
            if side == "right":
                longer = np.stack([np.roll(row, length, axis=0) for row, length in zip(longer, lengths, strict=True)])
            found[key] = longer
    return found


def test_every_padding_of_a_file_is_one_input(tmp_path: Path) -> None:
    """Of the methods that the package has for itself as well: the padding ends at the data edge."""
    parts = []
    for side, extra in [("left", 0), ("right", 0), ("left", 10), ("right", 10)]:
        folder = tmp_path / f"{side}{extra}"
        folder.mkdir()
        dataset = load_arrays(folder, repadded(npz_arrays(), side, extra))
        parts.append(whole_batch(dataset.partition(FoldRef(), InputConfig()).train.inputs))
    for part in parts[1:]:
        for m in MODALITIES:
            torch.testing.assert_close(part.features[m], parts[0].features[m], atol=1e-6, rtol=0)
            assert torch.equal(part.lengths[m], parts[0].lengths[m])


@pytest.mark.parametrize("name", TRAINED)
def test_the_order_of_time_matters_where_it_should(name: str) -> None:
    batch = make_batch(DIMS, 16, seed=4, full=True)
    before = run(trained(name), batch)
    for m in MODALITIES:
        shuffled = batch.features[m].flip(1)
        change = (run(trained(name), replace(batch, features={**batch.features, m: shuffled})) - before).abs().max()
        if m in ORDER_FREE.get(name, ()):
            assert change < 1e-5, m
        else:
            assert change > 1e-5, m


@pytest.mark.parametrize("name", TRAINED)
def test_no_sample_depends_on_its_neighbours(name: str) -> None:
    batch = make_batch(DIMS, 9, seed=5)
    expected = run(trained(name), batch)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(run(trained(name), batch.take(order)), expected[order], atol=1e-5, rtol=0)
    for row in (0, 4):
        torch.testing.assert_close(
            run(trained(name), batch.take(torch.tensor([row]))), expected[row : row + 1], atol=1e-5, rtol=0
        )
    noisy = {m: torch.cat([x[:1], torch.randn_like(x[1:])]) for m, x in batch.features.items()}
    torch.testing.assert_close(run(trained(name), replace(batch, features=noisy))[0], expected[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("left_over", [1, 2, 3])
@pytest.mark.parametrize("name", TRAINED)
def test_every_size_of_a_last_batch_trains(name: str, left_over: int) -> None:
    config = TrainingConfig(batch_size=4, max_epochs=1)
    scale = Scoring(Target(), ("mae",))
    given = make_batch(DIMS, 4 + left_over, seed=6), make_batch(DIMS, 3, seed=7)
    done = train(build(name), *given, config, scale, 0, lambda _: True)
    assert all(bool(p.isfinite().all()) for p in done.model.parameters())


@pytest.mark.parametrize("name", TRAINED)
def test_a_batch_of_one_trains(name: str) -> None:
    assert all(error == error for error in fit(build(name), make_batch(DIMS, 1, seed=8), 3))


@pytest.mark.parametrize("name", TRAINED)
def test_the_shares_of_several_workers_add_up_to_its_losses(name: str) -> None:
    assert shares_batches(build(name).eval(), make_batch(DIMS, 6, seed=10))


@pytest.mark.parametrize("name", PLAIN)
def test_it_proves_what_a_plugin_has_to(name: str) -> None:
    part = replace(make_batch(DIMS, 13, 1), rows=torch.arange(13))
    prove_module(lambda: build(name), METHODS[name].components, part, make_batch(DIMS, 9, 2), TrainingConfig(), 1)


def switched(method: Method, component: str) -> tuple[dict[str, Setting], dict[str, Setting]]:
    """Two feasible settings that differ in one component: as much on as can be beside it, and it off."""
    names = method.component_names
    defaults = {part.name: part.default for part in fields_of(method.settings)} | dict(SMALL.get(method.name, {}))
    for others in (True, False):
        for needed in names:
            on = {name: others or name in (component, needed) for name in names}
            off = {**on, component: False}
            if method.conflict({**defaults, **on}) is None and method.conflict({**defaults, **off}) is None:
                return dict(on), dict(off)
    raise AssertionError(f"{method.name}: nothing runs both with and without {component}")


@pytest.mark.parametrize(
    ("name", "component"), [(name, component) for name in TRAINED for component in METHODS[name].component_names]
)
def test_every_component_has_an_effect(name: str, component: str) -> None:
    batch = make_batch(DIMS, 12, seed=9)
    losses = []
    for settings in switched(METHODS[name], component):
        outputs = build(name, **settings).eval()(batch, no_dropout)
        assert outputs.loss is not None
        losses.append(float(outputs.loss.detach()))
    assert abs(losses[0] - losses[1]) > 1e-5


PARTS = [
    (name, component.name, part)
    for name in TRAINED
    for component in METHODS[name].components
    for part in component.parts
]


@pytest.mark.parametrize(("name", "component", "part"), PARTS)
def test_the_parts_of_a_component_move_predictions(name: str, component: str, part: str) -> None:
    model = build(name, **switched(METHODS[name], component)[0])
    batch = make_batch(DIMS, 12, seed=1)
    fit(model, batch, 8)
    before = run(model, batch)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module_of(model).get_submodule(part).parameters():
            parameter.normal_(std=0.5, generator=generator)
    assert (run(model, batch) - before).abs().max() > 1e-5
