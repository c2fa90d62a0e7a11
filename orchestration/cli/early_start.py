"""Whether Ray is started before the study is planned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.cli.search_request import SearchRequest

if TYPE_CHECKING:
    from orchestration.ledger.study_directory import StudyDirectory
    from orchestration.ray_backend.early_cluster import EarlyCluster
    from search_spaces.schema.schema import Resources


@contextmanager
def early_cluster(
    request: SearchRequest, wanted: Resources, study_directory: StudyDirectory
) -> Iterator[EarlyCluster | None]:
    """A cluster that comes up while the study is planned; None where none may be needed. It has ended when this context
    has.

    Args:
        request: the command line.
        wanted: what a trial of the checked space takes.
        study_directory: of the study.
    """
    if not _will_start_ray(request, wanted, study_directory):
        yield None
        return
    from orchestration.machine.cpu_contention import cpu_contention
    from orchestration.machine.processors import num_cpus
    from orchestration.machine.resources import count_local_slots, require_resources
    from orchestration.process.temporary import place_for_sockets
    from orchestration.ray_backend.early_cluster import EarlyCluster

    place_for_sockets()
    require_resources(wanted, is_local=True)
    cpus, num_workers = num_cpus(), wanted.num_workers * count_local_slots(wanted)
    threads = max(round(wanted.cpu), 1)
    contention = cpu_contention(threads, threads * num_workers) if wanted.gpu == 0 else 1.0
    custom = {name: amount * wanted.num_workers for name, amount in wanted.custom.items()}
    # Ray starts one worker per CPU ahead.
    cluster = EarlyCluster(cpus, custom, contention, preloads=num_workers >= cpus)
    try:
        yield cluster
    finally:
        cluster.close()


def _will_start_ray(request: SearchRequest, wanted: Resources, study_directory: StudyDirectory) -> bool:
    if request.dry_run or request.executor != "ray" or request.address is not None:
        return False
    # `auto` hides GPUs that are in use, and Ray must not see them. A study that has begun may be complete.
    return wanted.workers != "auto" and (request.fresh or not study_directory.path.exists())
