"""Predictions of a stored model on other data, standardised and laid out as in its own study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dmd.data.dataset.batches import whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.visible_modalities import seen_modalities
from dmd.data.samples.alignment import Layout
from dmd.data.samples.arrays import BoolArray, FloatArray
from dmd.declaration.dims import Dims
from dmd.errors import DataError
from dmd.modalities import MODALITIES, Modality
from dmd.models.bert_files import find_bert
from dmd.models.bert_text import load_bert
from dmd.models.model import Model
from dmd.precision import float32_products
from dmd.training.evaluate import predict
from dmd.training.label_units import label_unit
from dmd.training.run import JobSettings, assemble_model, split_settings
from dmd.training.weights import TrainedWeights

Steps = Mapping[Modality, int]


@dataclass(frozen=True)
class TrainedModel:
    """A stored model beside the data that it is to predict.

    Items that are no longer than the longest of its study are given to it with the steps of its study, whatever else
    the data hold: the prediction of an item does not depend on its neighbours. Longer ones are given with more steps,
    where no weight of the model belongs to a step.

    Attributes:
        weights: as stored.
        dataset: of new items; its labels are not looked at.
        files: a second place to look for a BERT; None: there is none.
    """

    weights: TrainedWeights
    dataset: Dataset
    files: Path | None = None

    def find_problems(self) -> list[str]:
        """Why the model cannot predict these data, a line each; none if it can."""
        problems = [
            f"{self.dataset.name}: {m} has {self.dataset.widths[m]} features per step, and the study's models take "
            f"{self.weights.widths[m]}; extract it as for the study"
            for m in self._compared
            if self.dataset.widths[m] != self.weights.widths[m]
        ]
        if self._settings.inputs.reads_tokens and not self.dataset.has_tokens:
            problems.append(f"{self.dataset.name}: the study's models read token ids, and it has none (text_bert)")
        if not problems and not self._fits.all() and not self._takes_more_steps():
            longest, limits = self._longest, self.weights.max_steps
            problems = [
                f"{self.dataset.name}: {m} has up to {longest[m]} steps, and {self.weights.method} has weights "
                f"for each of the study's {limits[m]}; cut the sequences to their last {limits[m]} steps"
                for m in self._read_modalities
                if longest[m] > limits[m]
            ]
        return problems

    def predict(self) -> FloatArray:
        """(n,) or (n, K) in the order of the data: in the unit of the study's labels, or probabilities.

        Raises DataError with every problem that :meth:`find_problems` finds.
        """
        if problems := self.find_problems():
            raise DataError("\n".join(problems))
        values: FloatArray = np.empty((len(self.dataset), *self.weights.target.prediction_columns), np.float32)
        for is_chosen, steps in ((self._fits, self.weights.max_steps), (~self._fits, self._more_steps)):
            if is_chosen.any():
                values[is_chosen] = self._predict(is_chosen, steps)
        return values

    def _predict(self, is_chosen: BoolArray, steps: Steps) -> FloatArray:
        weights, settings = self.weights, self._settings
        layout = Layout(weights.sides, steps)
        inputs = self.dataset.show_rows(np.flatnonzero(is_chosen), weights.standardiser, settings.inputs, layout)
        model = self._build(steps)
        model.load_state_dict(dict(weights.state))
        with float32_products(settings.training.precision):
            return predict(model, whole_batch(inputs), label_unit(weights.target))

    def _build(self, steps: Steps) -> Model:
        """An untrained model of these settings and shapes."""
        inputs, bert = self._settings.inputs, None
        if inputs.reads_tokens:
            bert = load_bert(find_bert(inputs.bert.path, self.files), self.dataset.require_tokens())
        dims = Dims(self.weights.widths, steps, self.weights.target)
        side = self.weights.sides["language"]
        return assemble_model(self.weights.method, self._settings, dims, self.weights.seed, bert=bert, side=side)

    def _takes_more_steps(self) -> bool:
        shapes = {name: value.shape for name, value in self._build(self._more_steps).state_dict().items()}
        return shapes == {name: value.shape for name, value in self.weights.state.items()}

    @cached_property
    def _settings(self) -> JobSettings:
        return split_settings(self.weights.method, self.weights.settings)

    @property
    def _compared(self) -> tuple[Modality, ...]:
        """The modalities whose widths must be those of the study; token ids have none."""
        reads_tokens = self._settings.inputs.reads_tokens
        return tuple(m for m in MODALITIES if not (m == "language" and reads_tokens))

    @property
    def _read_modalities(self) -> tuple[Modality, ...]:
        """Those that are not blank."""
        return seen_modalities(self._settings.inputs.modalities)

    @cached_property
    def _fits(self) -> BoolArray:
        """(n,) whether no sequence of an item is longer than the longest of the study."""
        lengths = self.dataset.lengths_read(self._settings.inputs)
        fits: BoolArray = np.ones(len(self.dataset), np.bool_)
        for modality in self._read_modalities:
            fits &= lengths[modality] <= self.weights.max_steps[modality]
        return fits

    @cached_property
    def _longest(self) -> dict[Modality, int]:
        return {m: int(values.max()) for m, values in self.dataset.lengths_read(self._settings.inputs).items()}

    @property
    def _more_steps(self) -> dict[Modality, int]:
        """Steps for the longest items; those of a blank modality stay."""
        limits, read = self.weights.max_steps, self._read_modalities
        return {m: max(limits[m], self._longest[m]) if m in read else limits[m] for m in MODALITIES}
