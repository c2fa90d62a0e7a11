"""Any PyTorch module in the loop: its own randomness, seeded; its terms, weighed; its state, continued."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dmd import registry
from dmd.declaration import Component, Dims, LossTerm, Method, ModelInput, Phase, setting
from dmd.dropout import SeededDropout, no_dropout
from dmd.errors import ConfigurationError
from dmd.models.model import Outputs
from dmd.registry import build_model, use_methods
from dmd.training.distributed.shard import Shard
from dmd.training.effects import find_effects
from dmd.training.label_units import LabelUnit
from dmd.training.loop import Trained
from dmd.training.sharing_proof import shares_batches
from tests.dmd.builders import TINY, make_batch, make_dims
from tests.dmd.training.test_loop import fit

pytestmark = pytest.mark.usefixtures("no_method_stays")

DIMS = make_dims()


@dataclass(frozen=True)
class Settings:
    weight: float = setting(0.5, "of the extra term", low=0, high=10)
    part: bool = setting(True, "whether the part is there")


def declare(build: Callable[[Any, Dims], nn.Module], **more: Any) -> str:
    """Makes a method known; its name."""
    use_methods({"own": Method("own", Settings, build, **more)})
    return "own"


class Pooled(nn.Module):
    """Something of every kind of module on the mean of every modality."""

    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__()
        width = sum(dims.widths.values())
        self.lstm = nn.LSTM(dims.widths["language"], 4, num_layers=2, dropout=0.5, batch_first=True)
        self.gru = nn.GRU(dims.widths["audio"], 4, batch_first=True)
        self.conv = nn.Conv1d(dims.widths["vision"], 4, 2, padding=1)
        self.conv2d = nn.Conv2d(1, 1, 3, padding=1)
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.3, batch_first=True)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.3, batch_first=True), 1)
        self.embedding = nn.Embedding(10, 4)
        self.normed = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, 4), nn.LayerNorm(4), nn.Dropout(0.4))
        self.scale = nn.Parameter(torch.randn(4))

    def forward(self, inputs: ModelInput) -> Tensor:
        steps, _ = self.lstm(inputs.features["language"])
        heard, _ = self.gru(inputs.features["audio"])
        seen = self.conv(inputs.features["vision"].transpose(1, 2)).mean(-1)
        attended, _ = self.attention(steps, heard, heard, key_padding_mask=~inputs.masks["audio"])
        encoded = self.encoder(attended).mean(1) + self.conv2d(steps.unsqueeze(1)).mean((1, 2))
        pooled = torch.cat([x.mean(1) for x in inputs.features.values()], dim=-1)
        noise = torch.randn(4) if self.training else torch.zeros(4)
        length = self.embedding(inputs.lengths["language"].clamp(max=9))
        joined: Tensor = (encoded + seen + self.normed(pooled) + length + noise) * self.scale
        return joined.sum(-1)


def curve(trained: Trained) -> list[dict[str, float]]:
    return [dict(report.metrics) for report in trained.reports]


def test_modules_of_every_kind_go_on_after_a_cut_as_if_nothing_had_been(tmp_path: Path) -> None:
    name = declare(Pooled)
    whole = fit(model=name, max_epochs=4, patience=4)
    torch.manual_seed(77)
    fit(model=name, max_epochs=4, patience=4, stop_after=2, directory=tmp_path)
    torch.rand(13), np.random.rand(3)
    continued = fit(model=name, max_epochs=4, patience=4, directory=tmp_path)
    assert curve(continued) == curve(whole)
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, continued.model.state_dict()[key]), key


def test_generators_are_left_as_they_were() -> None:
    name = declare(Pooled)
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    before = torch.rand(1).item(), random.random(), np.random.rand()
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    fit(model=name, max_epochs=1)
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == before


def test_initial_values_are_pytorchs_own_by_the_seed_of_the_trial() -> None:
    name = declare(Pooled)
    one, same, other = (build_model(name, {}, DIMS, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert not torch.equal(one["module.lstm.weight_ih_l0"], other["module.lstm.weight_ih_l0"])
    assert one["module.lstm.weight_ih_l0"].abs().max() <= 1 / 4**0.5
    assert bool((one["module.normed.0.weight"] == 1).all())


class WithTerms(nn.Module):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__()
        self.linear = nn.Linear(dims.widths["language"], 1)
        self.task = False

    def forward(self, inputs: ModelInput) -> tuple[Tensor, dict[str, Tensor]]:
        prediction = self.linear(inputs.features["language"].mean(1)).squeeze(-1)
        gathered = inputs.gather(prediction)
        terms = {"rows": prediction.square(), "all": (gathered - gathered.mean()).square().sum()}
        if self.task and inputs.labels is not None:
            terms["task"] = (prediction - inputs.labels).square()
        return prediction, terms


TERMS = (LossTerm("rows", ("weight",)), LossTerm("all"))


def outputs_of(name: str, **settings: float) -> Outputs:
    outputs: Outputs = build_model(name, settings, DIMS, 1)(make_batch(DIMS, 6, 1), no_dropout)
    return outputs


def test_the_loss_is_l1_and_the_weighed_terms() -> None:
    outputs = outputs_of(declare(WithTerms, losses=TERMS), weight=2.0)
    batch = make_batch(DIMS, 6, 1)
    assert batch.labels is not None
    error = (outputs.prediction - batch.labels).abs().mean()
    rows = outputs.prediction.square().mean()
    spread = (outputs.prediction - outputs.prediction.mean()).square().sum()
    assert outputs.loss is not None
    torch.testing.assert_close(outputs.loss, error + 2 * rows + spread)
    assert list(outputs.terms) == ["task", "rows", "all"]


def test_a_task_term_of_its_own_replaces_l1() -> None:
    name = declare(WithTerms, losses=())
    model = build_model(name, {}, DIMS, 1)
    model.module.task = True  # type: ignore[union-attr, assignment]
    use_methods({"own": Method("own", Settings, WithTerms, losses=TERMS)})
    model.weights = {"rows": 0.0, "all": 0.0}  # type: ignore[assignment]
    batch = make_batch(DIMS, 6, 1)
    outputs = model(batch, no_dropout)
    torch.testing.assert_close(outputs.loss, (outputs.prediction - batch.labels).square().mean())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x: x, r"one number per sample, \(6,\), but has the shape \(6, 5\)"),
        (lambda x: None, "must return the prediction"),
        (lambda x: (x[:, 0], {"rows": x}), "loss term 'rows' must be a tensor"),
        (lambda x: (x[:, 0], {"unknown": x.sum()}), r"terms unknown, which its declaration does not name"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(answer: Callable[[Tensor], object], said: str) -> None:
    class Wrong(nn.Module):
        def __init__(self, settings: Settings, dims: Dims) -> None:
            super().__init__()

        def forward(self, inputs: ModelInput) -> object:
            return answer(inputs.features["language"].mean(1))

    with pytest.raises(ConfigurationError, match=said):
        outputs_of(declare(Wrong, losses=TERMS))


def test_shares_of_two_workers_add_up_to_the_whole() -> None:
    model = build_model(declare(WithTerms, losses=TERMS), {"weight": 2.0}, DIMS, 1).eval()
    assert shares_batches(model, make_batch(DIMS, 6, 1))


def test_a_term_that_compares_a_workers_own_rows_only_is_found() -> None:
    class Unaware(WithTerms):
        def forward(self, inputs: ModelInput) -> tuple[Tensor, dict[str, Tensor]]:
            prediction, _ = super().forward(inputs)
            return prediction, {"all": (prediction - prediction.mean()).square().sum()}

    model = build_model(declare(Unaware, losses=TERMS), {}, DIMS, 1).eval()
    assert not shares_batches(model, make_batch(DIMS, 6, 1))


def test_statistics_over_rows_are_not_shared() -> None:
    assert not shares_batches(build_model(declare(Pooled), {}, DIMS, 1).eval(), make_batch(DIMS, 6, 1))


def test_a_last_batch_of_one_joins_the_one_before() -> None:
    sizes = []

    class Counting(Pooled):
        def forward(self, inputs: ModelInput) -> Tensor:
            if self.training:
                sizes.append(len(inputs))
            return super().forward(inputs)

    fit(model=declare(Counting), max_epochs=1, train_part=make_batch(DIMS, 13, 1))
    assert sizes == [4, 4, 5]  # and not 4, 4, 4, 1, on which batch normalisation has no variance


def test_a_batch_too_small_for_the_model_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"needs 2 samples, but batch_size is 1 .* at least 2"):
        fit(model=declare(Pooled), batch_size=1)


class Banked(nn.Module):
    """A memory of the last prediction of every training sample, and a count that is no tensor."""

    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__()
        self.linear = nn.Linear(dims.widths["language"], 1)
        self.register_buffer("bank", torch.zeros(18))
        self.steps = 0
        self.noise = 0.0
        self.epochs: list[int] = []

    def get_extra_state(self) -> dict[str, Any]:
        return {"steps": self.steps, "epochs": list(self.epochs), "noise": self.noise}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.steps, self.epochs, self.noise = state["steps"], list(state["epochs"]), state["noise"]

    def prepare_epoch(self, epoch: int, train: ModelInput) -> None:
        assert len(train) == 18
        self.epochs.append(epoch)
        self.noise = float(torch.rand(()))

    def forward(self, inputs: ModelInput) -> tuple[Tensor, dict[str, Tensor]]:
        prediction = self.linear(inputs.features["language"].mean(1)).squeeze(-1)
        if inputs.rows is None:
            assert inputs.epoch == 0
            return prediction, {}
        self.steps += 1
        far = (prediction - self.bank[inputs.rows]).abs()
        self.bank[inputs.rows] = prediction.detach()
        return prediction, {"rows": far + self.noise}


def test_memories_by_row_and_state_of_any_kind_are_continued(tmp_path: Path) -> None:
    name = declare(Banked, losses=TERMS)
    whole = fit(model=name, max_epochs=4, patience=4)
    fit(model=name, max_epochs=4, patience=4, stop_after=2, directory=tmp_path)
    torch.rand(7)
    continued = fit(model=name, max_epochs=4, patience=4, directory=tmp_path)
    assert curve(continued) == curve(whole)
    bank, again = (trained.model.state_dict()["module.bank"] for trained in (whole, continued))
    assert torch.equal(bank, again)
    assert int((bank != 0).sum()) == 18  # every sample of the training part by a number of its own
    extra = continued.model.state_dict()["module._extra_state"]
    assert extra["steps"] == 5 * whole.best_epoch
    assert extra["epochs"] == list(range(1, whole.best_epoch + 1))


class Adversarial(nn.Module):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__()
        self.first = nn.Linear(dims.widths["language"], 1)
        self.second = nn.Linear(dims.widths["language"], 1)

    def forward(self, inputs: ModelInput) -> tuple[Tensor, dict[str, Tensor]]:
        x = inputs.features["language"].mean(1)
        prediction = (self.first(x) + self.second(x)).squeeze(-1)
        if inputs.phase == "critic":
            return prediction, {"task": prediction.square()}
        return prediction, {}


def test_each_phase_trains_its_own_parameters_at_its_own_rate(tmp_path: Path) -> None:
    phases = (Phase("critic", ("second",), learning_rate=0.1), Phase("main", ("first",)))
    name = declare(Adversarial, phases=phases)
    before = build_model(name, {}, DIMS, 1).state_dict()
    one_batch = {"max_epochs": 1, "batch_size": 18, "learning_rate": 1e-2}
    after = fit(model=name, **one_batch).model.state_dict()
    # Adam's first step is its learning rate, whatever the gradient.
    moved = {key: (after[key] - before[key]).abs().max().item() for key in ("module.first.bias", "module.second.bias")}
    assert moved["module.first.bias"] == pytest.approx(1e-2, rel=1e-3)
    assert moved["module.second.bias"] == pytest.approx(1e-3, rel=1e-3)
    whole = fit(model=name, max_epochs=4, patience=4)
    fit(model=name, max_epochs=4, patience=4, stop_after=2, directory=tmp_path)
    assert curve(fit(model=name, max_epochs=4, patience=4, directory=tmp_path)) == curve(whole)


class TwoParts(nn.Module):
    """``used`` moves predictions; ``idle`` is built, trained by a term, and multiplied by nothing."""

    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__()
        self.used = nn.Linear(dims.widths["language"], 1)
        self.idle = nn.Linear(dims.widths["audio"], 1)

    def forward(self, inputs: ModelInput) -> tuple[Tensor, dict[str, Tensor]]:
        idle = self.idle(inputs.features["audio"].mean(1)).squeeze(-1)
        return self.used(inputs.features["language"].mean(1)).squeeze(-1) + 0 * idle, {"rows": idle.square()}


def test_a_part_without_effect_is_found_in_a_trained_model() -> None:
    components = (Component("part", parts=("used",)), Component("weight", parts=("idle",)))
    trained = fit(model=declare(TwoParts, losses=TERMS), max_epochs=1)
    kept = {key: value.clone() for key, value in trained.model.state_dict().items()}
    effects = find_effects(
        trained.model, components, {"part": True, "weight": 1.0}, make_batch(DIMS, 9, 2), 1, LabelUnit()
    )
    assert effects["component/part"] > 0.01 < effects["modality/language"]
    assert effects["component/weight"] == effects["modality/audio"] == 0
    assert "modality/vision" not in effects  # which the module does not read, and does not claim to
    assert all(torch.equal(value, kept[key]) for key, value in trained.model.state_dict().items())


def test_masks_are_true_at_real_steps_on_either_side() -> None:
    seen: list[ModelInput] = []

    class Looking(WithTerms):
        def forward(self, inputs: ModelInput) -> tuple[Tensor, dict[str, Tensor]]:
            seen.append(inputs)
            return super().forward(inputs)

    model = build_model(declare(Looking, losses=TERMS), {}, DIMS, 1)
    for side in ("start", "end"):
        batch = make_batch(DIMS, 6, 1, side=side)  # type: ignore[arg-type]
        model(batch, SeededDropout(1, 0))
        real = batch.features["audio"].abs().sum(-1) > 0
        assert torch.equal(seen[-1].masks["audio"], real)
        assert torch.equal(seen[-1].masks["audio"].sum(1), batch.lengths["audio"])


def test_a_shard_knows_the_whole_batch() -> None:
    assert Shard(0, (2, 2)).num_rows(2) == 4  # what ModelInput.sharing is under two workers
    assert registry.known_methods().keys() == registry.METHODS.keys()


@pytest.mark.parametrize("model", ["dmd", "mult", "unimodal", "ridge", "lf_lstm"])
def test_the_packages_own_methods_share_batches(model: str) -> None:
    settings = TINY if model == "dmd" else {"width": 8, "heads": 2, "levels": 1} if model == "mult" else {}
    assert shares_batches(build_model(model, settings, DIMS, 1).eval(), make_batch(DIMS, 6, 1))
