"""Training, validation and sealed test part: the only way to get data out for training."""

from __future__ import annotations

from dataclasses import dataclass

from dmd.data.dataset.folds import PartRows
from dmd.data.dataset.input_config import InputConfig
from dmd.data.dataset.sealed_test import SealedTest
from dmd.data.dataset.visible_modalities import blank_hidden
from dmd.data.samples.alignment import Layout, lay_out
from dmd.data.samples.arrays import FloatArray
from dmd.data.samples.samples import Inputs, Labelled
from dmd.data.samples.standardise import Standardiser, fit_standardiser
from dmd.job import FoldRef
from dmd.modalities import MODALITIES
from dmd.scoring import Scoring


@dataclass(frozen=True, eq=False)
class Partition:
    """The three parts of one fold, standardised by the training part, with zeros where padded.

    Modalities that are not visible are blank in all three; token ids are as they are. Real steps stand where the trial
    wants them.

    Attributes:
        train: inputs and labels of the training part.
        valid: inputs and labels of the validation part.
        test: inputs of the test part; its labels are sealed.
        fold: what was cut.
        scoring: metrics of the validation and the test part.
        standardiser: of the training part.
    """

    train: Labelled
    valid: Labelled
    test: SealedTest
    fold: FoldRef
    scoring: Scoring
    standardiser: Standardiser


def make_partition(
    inputs: Inputs,
    labels: FloatArray,
    scoring: Scoring,
    rows: PartRows,
    fold: FoldRef,
    config: InputConfig,
    layout: Layout,
) -> Partition:
    """Cut a data set into the parts of one fold.

    Args:
        inputs: of all n rows.
        labels: (n,).
        scoring: metrics of the validation and the test part.
        rows: of each part.
        fold: that ``rows`` belong to.
        config: which modalities are visible, and whether language is token ids.
        layout: where real steps are to stand, and how many steps there are.
    """
    train = inputs.take(rows.train)
    # token ids are names of words, not amounts
    standardiser = fit_standardiser(train, [m for m in MODALITIES if m != "language" or not config.reads_tokens])
    train_labels = labels[rows.train]

    def show(part: Inputs) -> Inputs:
        return show_inputs(part, standardiser, config, layout)

    return Partition(
        train=Labelled(show(train), train_labels),
        valid=Labelled(show(inputs.take(rows.valid)), labels[rows.valid]),
        test=SealedTest(show(inputs.take(rows.test)), labels[rows.test], scoring, train_labels),
        fold=fold,
        scoring=scoring,
        standardiser=standardiser,
    )


def show_inputs(inputs: Inputs, standardiser: Standardiser, config: InputConfig, layout: Layout) -> Inputs:
    """Inputs as a model is given them: standardised, hidden modalities blank, laid out."""
    return lay_out(blank_hidden(standardiser.apply(inputs), config.modalities), layout)
