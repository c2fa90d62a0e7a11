"""Metrics of several yes-or-no questions, as functions of sums over items.

Scores over all questions are means of each question's; an answer is yes from a probability of one half on. The F1 of a
question is that of both its answers, weighted by how often each is right, as in MulT's table of IEMOCAP.

Legend: ``n`` items, ``K`` questions; labels are (n, K) of 0 and 1, predictions (..., n, K) probabilities of yes, sums
(..., 4K) (question by question true positive, false positive, false negative, true negative) and scores (...).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from reports.statistics.additive_score import AdditiveScore, columns, ratio
from reports.statistics.arrays import FloatArray
from reports.statistics.scores.classes import SMALLEST_PROBABILITY
from reports.statistics.scores.two_way import accuracy, balanced_accuracy, counts_of, weighted_f1

YES_FROM = 0.5

_OfQuestion = Callable[[FloatArray], FloatArray]


def binary_scores(names: Sequence[str]) -> dict[str, AdditiveScore]:
    """Metric -> its additive form, for questions of these names."""
    return {
        "nll": AdditiveScore(_surprise, ratio),
        "acc": AdditiveScore(_count, partial(_mean, accuracy), _num_answers),
        "weighted_f1": AdditiveScore(_count, partial(_mean, weighted_f1), _num_answers),
        "uar": AdditiveScore(_count, partial(_mean, balanced_accuracy), _num_balanced),
        **{
            f"{prefix}_{name}": AdditiveScore(partial(_count_one, number), of_question, len)
            for number, name in enumerate(names)
            for prefix, of_question in (("acc", accuracy), ("f1", weighted_f1))
        },
    }


def _count(labels: FloatArray, values: FloatArray) -> FloatArray:
    counts = counts_of(labels > 0, values >= YES_FROM)
    return counts.reshape(*counts.shape[:-2], -1)


def _count_one(number: int, labels: FloatArray, values: FloatArray) -> FloatArray:
    return counts_of(labels[..., number] > 0, values[..., number] >= YES_FROM)


def _surprise(labels: FloatArray, values: FloatArray) -> FloatArray:
    of_label = np.clip(np.where(labels > 0, values, 1.0 - values), SMALLEST_PROBABILITY, 1.0)
    return columns(-np.log(of_label).mean(axis=-1), np.ones(labels.shape[:-1]))


def _mean(of_question: _OfQuestion, sums: FloatArray) -> FloatArray:
    by_question = sums.reshape(*sums.shape[:-1], -1, 4)
    return np.asarray(of_question(by_question).mean(axis=-1))


def _num_answers(labels: FloatArray) -> float:
    return labels.size


def _num_balanced(labels: FloatArray) -> float:
    """As of classes (:func:`reports.statistics.scores.classes`), for every answer of every question."""
    num_items, num_questions = labels.shape
    yes = (labels > 0).sum(axis=0)
    supports = np.stack([yes, num_items - yes])
    answers = (supports > 0).sum(axis=0)
    inverse = np.where(supports > 0, 1 / np.maximum(supports, 1), 0.0).sum(axis=0)
    mean_square = float((inverse / (answers**2 * num_items)).mean()) / num_questions**2
    return float(1 / np.sqrt(mean_square))
