"""The authors' networks, trained by the authors' own loop on batches of the product's data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.peer_official.checkout import Checkout, CosineAlongBatch, made_to_run
from dmd.data.dataset.batches import Batch, ordered_batches, shuffled_rows
from dmd.declaration.dims import Dims
from dmd.modalities import Modality
from dmd.random_streams import numpy_generator
from dmd.training.evaluate import EVALUATION_BATCH

LETTERS: Mapping[Modality, str] = {"language": "l", "audio": "a", "vision": "v"}
"""Their names of the modalities, in the order of the arguments of their model."""
VERTICES = (0, 1, 2)
PRIOR_SCORES = {"homo": (0, 0, 1, 0, 1, 0), "hetero": (0, 0, 1, 0, 1, 1)}
"""Literals of their run.py, over 0.25 in a softmax, as the next two."""
UNIT_SIZES = {"homo": 64, "hetero": 32}
UNIT_RULE: Mapping[str, Any] = {"gd_reg": 10, "w_losses": [1, 10], "metric": "l1", "alpha": 1 / 8}


@dataclass(frozen=True)
class Schedule:
    """What both sides are trained by, where it is not what the authors published."""

    learning_rate: float
    max_epochs: int
    early_stop: int
    accumulation: int


class Loader:
    """What their loop takes for a DataLoader: batches as dictionaries, in another order in every epoch.

    order: the rows of each batch of an epoch, counted from 1.
    """

    def __init__(self, part: Batch, order: Callable[[int], Sequence[Tensor]]) -> None:
        self.part = part
        self.order = order
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.order(1))

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        self.epoch += 1
        return (as_dictionary(self.part.take(rows)) for rows in self.order(self.epoch))


class Networks:
    """Their model and both of their GD-Units, for sequences of ``dims``, untrained. Draws from torch's generator.

    overrides: settings that are not the published ones.
    """

    def __init__(self, checkout: Checkout, dims: Dims, overrides: Mapping[str, Any]) -> None:
        self.checkout = checkout
        self.settings = {**checkout.settings, "use_bert": False, **overrides}
        widths = [dims.widths[m] for m in LETTERS]
        # none of the data sets whose lengths are written into the model: it gets ours, as attributes of its class
        arguments = SimpleNamespace(**self.settings, dataset_name="", feature_dims=widths)
        lengths = {f"len_{LETTERS[m]}": steps for m, steps in dims.max_steps.items()}
        with made_to_run(checkout):
            self.model: nn.Module = type("DMD", (checkout.model,), lengths)(arguments)
            width = self.settings["dst_feature_dim_nheads"][0]
            self.units = [
                self._unit(checkout.homo_unit, "homo", width),
                self._unit(checkout.hetero_unit, "hetero", 2 * width),
            ]

    def _unit(self, kind: type[nn.Module], name: str, width: int) -> nn.Module:
        prior = (torch.tensor(PRIOR_SCORES[name], dtype=torch.float64) / 0.25).softmax(0).tolist()
        sizes = {"n_classes": 1, "hidden_size": width, "gd_size": UNIT_SIZES[name]}
        edges = {"to_idx": VERTICES, "from_idx": VERTICES, "gd_prior": prior}
        return kind(**sizes, **edges, **UNIT_RULE, hyp_params=None)

    def train(self, train: Any, valid: Any, schedule: Schedule) -> None:
        """Their loop, until it stops by itself or after ``max_epochs``; ends with the weights of the best epoch.

        train, valid: what their loop takes for a DataLoader. It looks at a test part after every epoch as well; what it
        is shown is one batch of the validation part.
        """
        arguments = _Arguments(schedule.max_epochs, self.settings | _trainer_settings(schedule))
        trainer = self.checkout.trainer.DMD(arguments)
        trainer.cosine = CosineAlongBatch()
        loaders = {"train": train, "valid": valid, "test": [next(iter(valid))]}
        with made_to_run(self.checkout) as best:
            trainer.do_train([self.model, *self.units], loaders)
        self.model.load_state_dict(best)

    def predict(self, part: Batch) -> npt.NDArray[np.float32]:
        """(n,) in the order of the part."""
        self.model.eval()
        with torch.no_grad():
            outputs = [self.model(*inputs_of(batch)) for batch in ordered_batches(part, EVALUATION_BATCH)]
        return torch.cat([output["output_logit"].squeeze(-1) for output in outputs]).numpy()


def train_loader(part: Batch, batch_size: int, seed: int) -> Loader:
    """In the order in which the product trains with this seed."""
    return Loader(part, lambda epoch: shuffled_rows(part, batch_size, seed, epoch))


def valid_loader(part: Batch, batch_size: int, seed: int) -> Loader:
    """In the order in which ``selection: batches`` looks at validation with this seed."""

    def order(epoch: int) -> Sequence[Tensor]:
        rows = numpy_generator(seed, "selection", epoch).permutation(len(part))
        return torch.split(torch.from_numpy(rows), batch_size)

    return Loader(part, order)


def inputs_of(batch: Batch) -> list[Tensor]:
    """What their model is called with."""
    return [batch.features[m] for m in LETTERS]


def as_dictionary(batch: Batch) -> Mapping[str, Any]:
    """A batch as their loop reads it."""
    text, audio, vision = inputs_of(batch)
    return {"text": text, "audio": audio, "vision": vision, "labels": {"M": batch.labels}}


def _trainer_settings(schedule: Schedule) -> dict[str, Any]:
    run = {"model_name": "dmd", "dataset_name": "mosi", "train_mode": "regression", "KeyEval": "Loss", "cur_seed": 1}
    return run | {
        "device": "cpu",
        "learning_rate": schedule.learning_rate,
        "early_stop": schedule.early_stop,
        "update_epochs": schedule.accumulation,
    }


class _Arguments:
    """Settings as attributes; ``early_stop``, which their loop asks for once in an epoch, ends it at the last one."""

    def __init__(self, max_epochs: int, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._epochs_left = max_epochs

    def __getattr__(self, name: str) -> Any:
        return self._settings[name]

    @property
    def early_stop(self) -> int:
        self._epochs_left -= 1
        patience: int = self._settings["early_stop"]
        return patience if self._epochs_left else 0
