"""Any PyTorch module as a model of the training loop: its randomness seeded, its prediction and terms made a loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from torch import Tensor, nn

from dmd.batch_sharing import BatchSharing
from dmd.data.dataset.batches import Batch
from dmd.declaration.component import Phase
from dmd.declaration.dims import Dims
from dmd.declaration.method import Method
from dmd.declaration.model_input import ModelInput, model_input
from dmd.dropout import Dropout
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.models.bert_text import BertText
from dmd.models.model import Model, Outputs
from dmd.random_streams import seeded_generators, stream_key

TASK = "task"
"""A term of this name takes the place of the task's error."""
_EVALUATION_KEY = 0


class PlainModule(Model):
    """A module that knows nothing of this package but :class:`~dmd.declaration.model_input.ModelInput`.

    PyTorch's, NumPy's and Python's generators are seeded by (trial seed, step) during each forward pass, and left as
    they were afterwards: a resumed trial draws what it would have drawn.
    """

    def __init__(self, method: Method, settings: Any, flat: Mapping[str, Setting], dims: Dims, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.columns = dims.target.prediction_columns
        self.phases = method.phases
        self.weights = {term.name: term.weight(flat) for term in method.losses}
        self.smallest_batch = method.smallest_batch
        with seeded_generators(stream_key(seed, "init")):
            self.module = method.build(settings, dims)
        if not isinstance(self.module, nn.Module):
            raise ConfigurationError(f"`build` must give a torch.nn.Module, but gave {_describe(self.module)}")
        if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in self.module.modules()):
            # Statistics of one row are none.
            self.smallest_batch = max(2, self.smallest_batch)

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The module's prediction; with labels the task's error (or its own term ``task``) and its weighed terms."""
        key = dropout.key("module")
        with seeded_generators(_EVALUATION_KEY if key is None else key, batch.device):
            answer = self.module(model_input(batch))
        prediction, returned = _split(answer, len(batch), self.columns)
        if batch.labels is None:
            return Outputs(prediction)
        terms = {name: _share(name, term, len(batch), batch.sharing) for name, term in returned.items()}
        if unknown := [name for name in terms if name != TASK and name not in self.weights]:
            raise ConfigurationError(
                f"the model returns the loss terms {', '.join(unknown)}, which its declaration does not name; "
                "add `LossTerm(...)` to `losses`"
            )
        task = terms.pop(TASK, None)
        if task is None:
            task = batch.task_error(prediction)
        total = task
        for name, term in terms.items():
            total = total + self.weights[name] * term
        return Outputs(prediction, total, {TASK: task, **terms})

    @property
    def prepares_epochs(self) -> bool:
        return hasattr(self.module, "prepare_epoch")

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """The module's own method of that name, where it has one, given (epoch, the training part)."""
        if self.prepares_epochs:
            hook = cast(Callable[[int, ModelInput], None], self.module.prepare_epoch)
            with seeded_generators(stream_key(self.seed, "epoch", epoch), train.device):
                hook(epoch, model_input(train))

    def parameters_of(self, phase: Phase) -> Iterator[nn.Parameter]:
        """What a declared phase trains; names count from the module itself."""
        return (parameter for name, parameter in self.module.named_parameters() if phase.trains(name))

    def parts(self) -> Mapping[str, nn.Module]:
        """The module's own children."""
        return dict(self.module.named_children())


def _split(answer: object, size: int, columns: tuple[int, ...]) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Prediction (B, *columns) and terms of what ``forward`` returned. Raises ConfigurationError for anything else.

    A column of its own is the same as none: a last layer of one output needs no ``squeeze``.
    """
    num_outputs = math.prod(columns)
    prediction, terms = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, {})
    if not isinstance(prediction, Tensor) or not isinstance(terms, Mapping):
        raise ConfigurationError(
            "forward must return the prediction, a tensor (B,) (or (B, K), of K classes), or the prediction and a "
            f"dictionary of loss terms, but returned {_describe(answer)}"
        )
    if num_outputs == 1:
        if prediction.shape not in ((size,), (size, 1)):
            raise ConfigurationError(
                f"the prediction must be one number per sample, ({size},), but has the shape {tuple(prediction.shape)}"
            )
    elif prediction.shape != (size, num_outputs):
        raise ConfigurationError(
            f"the prediction must be one number for each of the target's {num_outputs} names, ({size}, {num_outputs}), "
            f"but has the shape {tuple(prediction.shape)}; build the last layer with `dims.num_outputs`"
        )
    if not prediction.is_floating_point():
        raise ConfigurationError(
            f"the prediction must be a floating-point tensor, but is {prediction.dtype}; a class or a rounded number "
            "has no gradient"
        )
    terms = {name: _in_full(term) for name, term in terms.items()}
    return _in_full(prediction.reshape(size, *columns)), terms


def _in_full(value: Any) -> Any:
    """A tensor in float32, as labels and scores are; losses and their means do not fit into bfloat16's 8 bits."""
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value


def _share(name: str, term: object, size: int, sharing: BatchSharing) -> Tensor:
    """This worker's share of a term: of one value per row the mean, of one value for all gathered rows its part."""
    if isinstance(term, Tensor) and term.shape == (size,):
        return sharing.mean(term)
    if isinstance(term, Tensor) and term.dim() == 0:
        return term / sharing.num_workers if sharing.num_workers > 1 else term
    raise ConfigurationError(
        f"the loss term {name!r} must be a tensor () or ({size},), one value per sample, but is {_describe(term)}"
    )


def _describe(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def module_of(model: Model) -> nn.Module:
    """What a declaration's dotted names (``Component.parts``, ``Phase.parameters``) count from."""
    own = model.method if isinstance(model, BertText) else model
    return own.module if isinstance(own, PlainModule) else own
