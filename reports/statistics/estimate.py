"""A number with its interval, and the question that the interval answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from reports.statistics.distributions import t_quantile, t_upper

Question = Literal["rerun", "new data"]

CONFIDENCE = 0.95
"""Every interval of a report is a 95% interval, unadjusted for multiplicity."""

_NEGLIGIBLE = 1e-12
"""A standard error below this share of the value is rounding error: the runs did not vary."""


@dataclass(frozen=True)
class Estimate:
    """A mean or a difference of means with its 95% interval for one named question.

    Attributes:
        value: the mean or the difference.
        low, high: ends of the interval; None where the data do not define one (``note`` then says why).
        n: runs (``rerun``), tested groups (``new data``), or cells (``new data`` where groups are not known).
        df: degrees of freedom of the t interval; None if undefined.
        question: ``rerun`` or ``new data``.
        p_value: two-sided, of the hypothesis that the true value is 0; it means something for differences only. None if
            undefined.
        note: why there is no interval; empty if there is one.
        std_error: of ``value``, for the named question; None if undefined.
        method: what the interval was computed by, in a few words; empty if undefined.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    df: float | None
    question: Question
    p_value: float | None = None
    note: str = ""
    std_error: float | None = None
    method: str = ""

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval; None if undefined."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    def scaled(self, factor: float) -> Estimate:
        """The same estimate in another unit (``factor`` 100 turns a share into per cent)."""
        return replace(
            self,
            value=self.value * factor,
            low=None if self.low is None else self.low * factor,
            high=None if self.high is None else self.high * factor,
            std_error=None if self.std_error is None else self.std_error * factor,
        )


def undefined(value: float, n: int, question: Question, note: str) -> Estimate:
    """An estimate without an interval.

    Args:
        value: the mean or the difference.
        n: runs, groups or cells behind it.
        question: the one that has no interval.
        note: why it has none, in words.
    """
    return Estimate(value=value, low=None, high=None, n=n, df=None, question=question, p_value=None, note=note)


def t_estimate(value: float, std_error: float, df: float, n: int, question: Question, method: str = "") -> Estimate:
    """The t interval and the two-sided t test for a value.

    Runs that do not vary at all (a deterministic method) give an interval of width zero; its p-value is 1 where the
    value is zero and 0 where it is not.

    Args:
        value: the mean or the difference.
        std_error: its standard error.
        df: degrees of freedom of ``std_error``.
        n: runs, groups or cells behind the value.
        question: the one that the interval is for.
        method: what the standard error was computed by, in a few words.
    """
    if std_error <= _NEGLIGIBLE * max(1.0, abs(value)):
        is_zero = abs(value) <= _NEGLIGIBLE
        return Estimate(
            value=value,
            low=value,
            high=value,
            n=n,
            df=df,
            question=question,
            p_value=1.0 if is_zero else 0.0,
            note="",
            std_error=0.0,
            method=method,
        )
    half_width = float(t_quantile((1 + CONFIDENCE) / 2, df)) * std_error
    p_value = float(2 * t_upper(abs(value) / std_error, df))
    return Estimate(
        value=value,
        low=value - half_width,
        high=value + half_width,
        n=n,
        df=df,
        question=question,
        p_value=p_value,
        note="",
        std_error=std_error,
        method=method,
    )
