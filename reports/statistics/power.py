"""How small a difference a study could have shown.

Source: the power of the t test, Cohen 1988, *Statistical Power Analysis for the Behavioral Sciences*, chapter 2; the
noncentral t as Student's t around a true value. In words: had the true difference been this large, four studies in five
like this one would have claimed it. A smaller one may well be there and stay unseen.
"""

from __future__ import annotations

from scipy import special

from reports.statistics.distributions import t_upper, t_upper_quantile

POWER = 0.8
"""Share of studies that would show a difference of the stated size."""


def smallest_detectable(std_error: float, df: float, level: float, power: float = POWER) -> float:
    """The true difference that a two-sided t test shows in its own direction with chance ``power``.

    The standard error counts as known: with few degrees of freedom the result is itself rough.

    Args:
        std_error: of the difference, in its unit.
        df: degrees of freedom of the test.
        level: two-sided level of the test.
        power: the chance, between 0 and 1.

    Returns:
        The difference, in the unit of ``std_error``; 0 for runs that do not vary.
    """
    critical = float(t_upper_quantile(level / 2, df))
    return std_error * float(special.nctdtrinc(df, 1 - power, critical))


def level_in_use(half_width: float, std_error: float, df: float) -> float:
    """The two-sided level that an interval stands for; below 0.05 where the interval allows for interim analyses.

    Args:
        half_width: half the width of the interval, in the unit of ``std_error``.
        std_error: of its value.
        df: degrees of freedom of the t interval.
    """
    return float(2 * t_upper(half_width / std_error, df))
