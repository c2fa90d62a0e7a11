"""Batch sharing: checks that several workers can train the trials of a study together, a part of each batch each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dmd.training.profile_job import JobFacts
from dmd.training.run import split_settings
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.proposals import drop_inactive
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.trial import Arm

_BATCH_SIZE = "batch_size"


def find_small_batches(
    workers: int, arms: Sequence[Arm], searches: Mapping[str, ArmSearch], catalogue: Catalogue
) -> Iterator[str]:
    """A line per arm whose batches can be too small for all workers: some would never train.

    Args:
        workers: that train one trial together.
        arms: of the study.
        searches: arm -> its search.
        catalogue: methods and their settings.
    """
    for arm in arms:
        smallest = min(_batch_sizes(arm, searches[arm.name]))
        has_batches = drop_inactive(catalogue.methods[arm.model], arm, {_BATCH_SIZE: smallest})
        if has_batches and workers > smallest:
            yield (
                f"resources.workers: {workers} workers share each batch, and arm {arm.name!r} has batches of "
                f"{smallest}; ask for at most {smallest} workers, or for a larger batch_size"
            )


def find_unshared_losses(workers: int, arms: Sequence[Arm], facts: Mapping[str, JobFacts]) -> Iterator[str]:
    """A line per method whose loss does not share batches: several workers would train something else than one, since
    their gradients would not add up to its own.

    Args:
        workers: that train one trial together.
        arms: of the study.
        facts: arm -> what a trial of it does.
    """
    for arm in arms:
        if workers > 1 and not facts[arm.name].shares_batches:
            yield (
                f"resources.workers: the loss of {arm.model!r} (arm {arm.name!r}) takes a worker's part of a batch for "
                "the whole; compare rows on `inputs.gather(x)`, put nn.LayerNorm or nn.GroupNorm in the place of batch "
                "normalisation, or write `workers: 1`"
            )


def _batch_sizes(arm: Arm, search: ArmSearch) -> list[int]:
    """The batch size that is fixed for ``arm``, or the ends of what is searched."""
    searched = search.parameters.get(_BATCH_SIZE)
    if searched is None:
        return [split_settings(arm.model, arm.settings).training.batch_size]
    return [int(size) for size in searched.grid(2)]
