"""Penalised logistic regression by Newton's method: of classes (multinomial), and of yes-or-no questions (one each).

Minimises ``mean_i e_i + penalty / 2 |W|^2`` over weights W and intercepts b, which are not penalised, with ``e_i`` the
cross-entropy of item i, or the sum of its binary cross-entropies over questions: then each question has an optimum of
its own. Newton's equations are solved by conjugate gradients, so that no (F K)^2 matrix is formed; they are
preconditioned with the curvature of a least-squares problem (Boehning, Ann. Inst. Stat. Math. 1992).

Legend: n items, F features, K classes or questions. Everything is float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

_MOST_STEPS = 100
_MOST_SOLVER_STEPS = 1000
_CONVERGED = 1e-14
"""Twice the distance to the least value of the objective, as Newton's method estimates it."""
_COARSEST, _FINEST = 1e-2, 1e-8
"""To which part of its squared gradient a Newton equation is solved, far from the optimum and near it."""
_SUFFICIENT = 1e-4
"""Of the decrease that the gradient promises, what a step must bring, or it is halved."""
_SHORTEST = 1e-10


@dataclass(frozen=True, eq=False)
class LogisticProblem:
    """What is fitted.

    Attributes:
        features: (n, F), centred.
        answers: (n, K), the class one-hot, or each question's 0 or 1.
        weights: (n, 1) of items with a class, (n, K) of answers.
        penalty: on the squared weights.
        is_multinomial: one of K classes, and not K questions.
    """

    features: Tensor
    answers: Tensor
    weights: Tensor
    penalty: float
    is_multinomial: bool

    @cached_property
    def design(self) -> Tensor:
        """(n, F + 1): the features and a 1 for the intercept."""
        return torch.cat([self.features, self.features.new_ones(len(self.features), 1)], dim=1)

    @cached_property
    def penalties(self) -> Tensor:
        """(F + 1, 1)."""
        penalties = self.design.new_full((self.design.shape[1], 1), self.penalty)
        penalties[-1] = 0
        return penalties

    @cached_property
    def gram(self) -> Tensor:
        """(F + 1, F + 1)."""
        return self.design.T @ self.design / len(self.design)

    def value(self, coefficients: Tensor) -> float:
        """The objective at (F + 1, K), the intercepts last."""
        logits = self.design @ coefficients
        if self.is_multinomial:
            errors = -(self.answers * logits.log_softmax(1)).sum(1, keepdim=True)
        else:
            errors = F.binary_cross_entropy_with_logits(logits, self.answers, reduction="none")
        shrunk = (self.penalties * coefficients.square()).sum() / 2
        return float((self.weights * errors).sum() / len(logits) + shrunk)

    def probabilities(self, coefficients: Tensor) -> Tensor:
        """(n, K)."""
        logits = self.design @ coefficients
        return logits.softmax(1) if self.is_multinomial else logits.sigmoid()

    def gradient(self, coefficients: Tensor, p: Tensor) -> Tensor:
        """(F + 1, K). p: the probabilities there."""
        shared = self.weights * (p - self.answers)
        return self.design.T @ shared / len(p) + self.penalties * coefficients

    def curvature(self, direction: Tensor, p: Tensor) -> Tensor:
        """The second derivative, times a direction (F + 1, K)."""
        moved = self.design @ direction
        bent = p * (moved - (p * moved).sum(1, keepdim=True)) if self.is_multinomial else p * (1 - p) * moved
        return self.design.T @ (self.weights * bent) / len(p) + self.penalties * direction

    def preconditioner(self, p: Tensor) -> Callable[[Tensor], Tensor]:
        """Solves with the curvature that there were if every item had the mean one."""
        mean = (self.weights * p * (1 - p)).mean().clamp(min=1e-8)
        factor = torch.linalg.cholesky(
            mean * self.gram + self.penalties.flatten().diag() + 1e-12 * _identity(self.gram)
        )
        return lambda right: torch.cholesky_solve(right, factor)


def fit_logistic(problem: LogisticProblem, start: Tensor) -> Tensor:
    """The coefficients (F + 1, K) at which the objective is least, the intercepts last.

    Args:
        problem: what is fitted.
        start: (F + 1, K), where to begin.
    """
    coefficients, value = start, problem.value(start)
    for _ in range(_MOST_STEPS):
        p = problem.probabilities(coefficients)
        gradient = problem.gradient(coefficients, p)
        step = _newton_step(problem, gradient, p)
        decrement = float((gradient * step).sum())
        if decrement <= _CONVERGED:
            break
        length = 1.0
        while (found := problem.value(coefficients - length * step)) > value - _SUFFICIENT * length * decrement:
            length /= 2
            if length < _SHORTEST:
                return coefficients
        coefficients, value = coefficients - length * step, found
    return coefficients


def _newton_step(problem: LogisticProblem, gradient: Tensor, p: Tensor) -> Tensor:
    """Solve ``curvature(step) = gradient`` by conjugate gradients, the better the smaller the gradient."""
    precondition = problem.preconditioner(p)
    step, rest = torch.zeros_like(gradient), gradient
    direction = scaled = precondition(rest)
    size = first = float((rest * scaled).sum())
    enough = first * min(max(first, _FINEST), _COARSEST)
    for _ in range(_MOST_SOLVER_STEPS):
        if size <= enough:
            break
        bent = problem.curvature(direction, p)
        length = size / float((direction * bent).sum())
        step, rest = step + length * direction, rest - length * bent
        scaled = precondition(rest)
        before, size = size, float((rest * scaled).sum())
        direction = scaled + size / before * direction
    return step


def _identity(like: Tensor) -> Tensor:
    return torch.eye(len(like), dtype=like.dtype, device=like.device)
