"""The seam between methods and the training loop: a batch in, outputs and named loss terms out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

from dmd.data.dataset.batches import Batch
from dmd.declaration.component import Phase
from dmd.dropout import Dropout
from dmd.modalities import MODALITIES, Modality
from dmd.precision import Precision, forward_pass


@dataclass(frozen=True)
class Outputs:
    """What a model makes of a batch.

    Where several workers hold a part of the batch each, loss and terms are the share of one of them
    (:mod:`dmd.batch_sharing`).

    Attributes:
        prediction: (B,), in the unit that labels are trained in (:mod:`dmd.training.label_units`).
        loss: what is minimised, (); None without labels.
        terms: name -> unweighted part of the loss, ().
    """

    prediction: Tensor
    loss: Tensor | None = None
    terms: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are trained at one learning rate."""

    parameters: Sequence[nn.Parameter]
    learning_rate: float


class Model(nn.Module):
    """A method under comparison. One loop trains all of them.

    Attributes:
        is_native: of every model that is written for the loop itself, as its builder.
        reads: the modalities whose features can change a prediction; what the others hold makes no difference.
        precision: what a forward pass computes in; every call of the model keeps to it.
        phases: the turns of a training step; empty: one, in which one optimiser trains everything.
        smallest_batch: rows that a training step needs.
    """

    is_native = True
    reads: tuple[Modality, ...] = MODALITIES
    precision: Precision = "fp32"
    phases: tuple[Phase, ...] = ()
    smallest_batch: int = 1

    def __call__(self, batch: Batch, dropout: Dropout) -> Outputs:
        with forward_pass(self.precision, batch.device):
            outputs: Outputs = super().__call__(batch, dropout)
        return outputs

    @abstractmethod
    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """Predict one number per sample, and the loss where ``batch.labels`` is given."""

    def inspect(self, batch: Batch) -> Mapping[str, Tensor]:
        """Named tensors of each item, (B, ...), for people to look at: edge weights, features, auxiliary predictions.

        Without dropout; labels are not looked at. Only what the model has: empty for a method without an inside.
        """
        return {}

    def constants(self) -> Mapping[str, Tensor]:
        """What :meth:`inspect` needs besides to be read and no item owns (the prior over the edges)."""
        return {}

    def parameter_groups(self, learning_rate: float) -> list[ParameterGroup]:
        """What is trained, and how fast; one group unless a part of the model has a learning rate of its own."""
        return [ParameterGroup([p for p in self.parameters() if p.requires_grad], learning_rate)]

    def parameters_of(self, phase: Phase) -> Iterator[nn.Parameter]:
        """What a declared phase trains."""
        return (parameter for name, parameter in self.named_parameters() if phase.trains(name))

    def parts(self) -> Mapping[str, nn.Module]:
        """The submodules that an arm is described by."""
        return dict(self.named_children())

    @property
    def prepares_epochs(self) -> bool:
        """Whether :meth:`prepare_epoch` does anything."""
        return type(self).prepare_epoch is not Model.prepare_epoch

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """Called before each epoch (from 1). A closed-form method fits itself here; others have nothing to do."""
        return None
