"""A stranger's module that could not be trained, continued or predicted with is refused before a study starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dmd.declaration import Component, Dims, Method, ModelInput, Phase, setting
from dmd.dropout import no_dropout
from dmd.errors import ConfigurationError
from dmd.registry import build_model, use_methods
from dmd.training.config import TrainingConfig
from dmd.training.modalities_read import modalities_read
from dmd.training.module_proofs import prove_module
from tests.dmd.builders import make_batch, make_dims

pytestmark = pytest.mark.usefixtures("no_method_stays")

DIMS = make_dims()


@dataclass(frozen=True)
class Settings:
    part: bool = setting(True, "whether the part is there")


class Linear(nn.Module):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__()
        self.linear = nn.Linear(dims.widths["language"], 1)

    def forward(self, inputs: ModelInput) -> Any:
        return self.linear(inputs.features["language"].mean(1)).squeeze(-1)


def prove(build: Callable[[Any, Dims], nn.Module], *, parts: tuple[str, ...] = (), **more: Any) -> None:
    use_methods({"own": Method("own", Settings, build, **more)})
    part = make_batch(DIMS, 13, 1)
    train = replace(part, rows=torch.arange(13))
    config = TrainingConfig(batch_size=4)
    components = (Component("part", parts=parts),)
    prove_module(lambda: build_model("own", {}, DIMS, 1), components, train, part, config, 1)


class OneBatchNorm(Linear):
    steps: Tensor

    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.norm, self.drop = nn.BatchNorm1d(dims.widths["language"]), nn.Dropout(0.5)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, inputs: ModelInput) -> Any:
        self.steps += int(self.training)
        pooled = self.drop(self.norm(inputs.features["language"].mean(1)))
        virtual = inputs.features["audio"].detach().requires_grad_()  # as adversarial training and penalties have it
        return self.linear(pooled).squeeze(-1) * (1 + self.steps) + 0 * virtual.sum()


def test_statistics_buffers_noise_and_gradients_of_inputs_are_all_right() -> None:
    prove(OneBatchNorm, parts=("linear", "norm"))


class Detached(Linear):
    def forward(self, inputs: ModelInput) -> Any:
        return super().forward(inputs).detach()


class Rounded(Linear):
    def forward(self, inputs: ModelInput) -> Any:
        return super().forward(inputs).round().long()


class MadeInForward(Linear):
    def forward(self, inputs: ModelInput) -> Any:
        x = inputs.features["language"].mean(1)
        return super().forward(inputs) + nn.Linear(x.shape[1], 1)(x).squeeze(-1)


class InAList(Linear):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.more = [nn.Linear(dims.widths["language"], 1)]

    def forward(self, inputs: ModelInput) -> Any:
        return super().forward(inputs) + self.more[0](inputs.features["language"].mean(1)).squeeze(-1)


class LeafInAList(Linear):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.more = [torch.randn(1, requires_grad=True)]

    def forward(self, inputs: ModelInput) -> Any:
        return super().forward(inputs) + self.more[0]


class Remembering(Linear):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.seen: list[Tensor] = [torch.zeros(())]

    def forward(self, inputs: ModelInput) -> Any:
        prediction = super().forward(inputs)
        if self.training:
            self.seen.append(prediction.detach().mean())
        return prediction + torch.stack(self.seen).mean()


class OwnGenerator(Linear):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.generator = torch.Generator().manual_seed(1)

    def forward(self, inputs: ModelInput) -> Any:
        return super().forward(inputs) + torch.randn(len(inputs), generator=self.generator)


class Growing(Linear):
    seen: Tensor

    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.register_buffer("seen", torch.zeros(0))

    def forward(self, inputs: ModelInput) -> Any:
        self.seen = torch.cat([self.seen, torch.ones(1)])
        return super().forward(inputs)


class Unsaveable(Linear):
    def get_extra_state(self) -> object:
        return Unsaveable

    def set_extra_state(self, state: object) -> None:
        pass


class ThirdStep(Linear):
    steps = 0

    def forward(self, inputs: ModelInput) -> Any:
        self.steps += 1
        return super().forward(inputs) * (float("nan") if self.steps == 3 else 1)


class InEvaluation(Linear):
    def forward(self, inputs: ModelInput) -> Any:
        return super().forward(inputs) * (1 if self.training else float("nan"))


class Lazy(Linear):
    def __init__(self, settings: Settings, dims: Dims) -> None:
        super().__init__(settings, dims)
        self.late = nn.LazyLinear(3)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (Detached, "the loss depends on no parameter, so nothing would be trained"),
        (Rounded, r"must be a floating-point tensor, but is torch\.int64"),
        (MadeInForward, r"weights of shape \(1, 5\) that are no parameters of the module.*make them in __init__"),
        (InAList, r"no parameters of the module.*nn\.ModuleList"),
        (LeafInAList, r"weights of shape \(1,\) that are no parameters of the module"),
        (Remembering, "a trial could not be continued, .* use register_buffer"),
        (OwnGenerator, "a trial could not be continued"),
        (Growing, r"cannot be loaded into the model as it is built .*size mismatch for module\.seen"),
        (Unsaveable, r"its state cannot be saved .*get_extra_state must give tensors"),
        (ThirdStep, "not finite at the third training step: prediction, loss, task"),
        (InEvaluation, "not finite at the first evaluation: prediction"),
        (Lazy, r"the sizes of late\.weight, late\.bias are not known"),
        (lambda settings, dims: None, r"`build` must give a torch\.nn\.Module, but gave a NoneType"),
    ],
)
def test_what_could_not_be_trained_or_continued_is_refused(build: Callable[[Any, Dims], nn.Module], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        prove(build)


def test_a_declared_part_that_the_module_does_not_have_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="the parts liner, but the module has none of that name; it has linear"
    ):
        prove(Linear, parts=("liner",))


def test_weights_that_no_phase_trains_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no phase trains norm\.weight, norm\.bias; name them in one"):
        prove(OneBatchNorm, phases=(Phase("main", ("linear",)),))


def test_a_prediction_in_double_precision_is_taken_in_single() -> None:
    class Double(Linear):
        def forward(self, inputs: ModelInput) -> Any:
            return super().forward(inputs).double()

    prove(Double)
    outputs = build_model("own", {}, DIMS, 1)(make_batch(DIMS, 4, 1), no_dropout)
    assert outputs.prediction.dtype == torch.float32


def test_a_modality_that_is_looked_up_is_read() -> None:
    class LookedUp(Linear):
        def __init__(self, settings: Settings, dims: Dims) -> None:
            super().__init__(settings, dims)
            self.words = nn.Embedding(2, 1)

        def forward(self, inputs: ModelInput) -> Any:
            loud = (inputs.features["audio"].sum((1, 2)) > 0).long()
            return super().forward(inputs) + self.words(loud).squeeze(-1)

    use_methods({"own": Method("own", Settings, LookedUp)})
    model = build_model("own", {}, DIMS, 1).eval()
    assert modalities_read(model, make_batch(DIMS, 9, 1)) == ("language", "audio")
