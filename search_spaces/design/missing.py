"""Conditions under which modalities of test items are missing, as ``confirm.missing`` asks for them."""

from __future__ import annotations

from search_spaces.design.subsets import read_subsets
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.trial import MODALITIES

PATH = "confirm.missing.modalities"


def missing_conditions(space: SearchSpace) -> tuple[str, ...]:
    """``rate-0.1``, ``no-language``, ``only-audio``: rates first; empty if the space asks for none.

    A rate of 0 is what every confirm trial is scored on anyway, so it is no condition of its own.

    Raises:
        DesignError: for a word that is no modality of the data, and a subset that is no proper one or stands twice.
    """
    missing = space.confirm.missing
    if missing is None:
        return ()
    subsets = read_subsets(missing.modalities, space.data.modalities or MODALITIES, PATH, "so nothing is missing")
    return (*(f"rate-{rate:g}" for rate in missing.rates if rate), *(subset.name for subset in subsets))
