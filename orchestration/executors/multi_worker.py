"""One trial trained by several processes: this one is its first worker, the others are its peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Protocol

from dmd.errors import WorkerLost
from dmd.job import EpochReport, OnEpoch, WorkerRank
from orchestration.driver.endings import Ending, ending_of_exception, ending_of_result
from orchestration.executors.attempts import Attempt, AttemptLost, raise_if_process_failed
from orchestration.executors.protocol import RunTrial
from orchestration.process.redaction import one_line
from search_spaces.terms.trial import Trial

# Peers end with the first worker: they train the same batches. One that has not is stuck.
_PEER_TIMEOUT_S = 120.0

Outcome = Ending | None
"""How a peer's share of an attempt went: None, or how it failed there."""


class Peer(Protocol):
    """A process that trains trials together with this one, one after the other.

    Worker 0 calls :meth:`start` once per attempt, in its own process, before it begins to train.
    """

    def start(self, trial: Trial, worker: WorkerRank) -> Future[Outcome]:
        """Train ``trial`` from ``worker``; the future raises if the process dies meanwhile."""
        ...


def train_as_worker(get_run_trial: Callable[[], RunTrial], trial: Trial, worker: WorkerRank) -> Outcome:
    """What a peer does in its own process. It has not failed if another worker disappears.

    Args:
        get_run_trial: returns what trains a trial, ready for use.
        trial: to train.
        worker: the rank of this process among those of the trial.

    Returns:
        The ending if the training failed here; else None.
    """
    try:
        get_run_trial()(trial, _not_asked, None, worker)
    except WorkerLost:
        return None
    except Exception as error:
        return ending_of_exception(error)
    return None


def attempt_multi_worker(run_trial: RunTrial, peers: Sequence[Peer], host: str) -> Attempt:
    """Attempts of this process and its peers.

    Args:
        run_trial: of this process, which is worker 0.
        peers: the other workers.
        host: an address of this machine that the peers reach.
    """

    # Here, so that workers that train alone need not have torch in memory for it.
    from dmd.training.distributed.rendezvous import Rendezvous

    def attempt(trial: Trial, on_epoch: OnEpoch, checkpoint_directory: Path | None) -> Ending:
        rendezvous = Rendezvous(host)
        first, *others = rendezvous.ranks(1 + len(peers))
        outcomes = [peer.start(trial, worker) for peer, worker in zip(peers, others, strict=True)]
        for outcome in outcomes:
            outcome.add_done_callback(lambda done: rendezvous.close() if _went_wrong(done) else None)
        ending: Ending | None = None
        try:
            ending = ending_of_result(run_trial(trial, on_epoch, checkpoint_directory, first))
        except WorkerLost:
            rendezvous.close()
        except Exception as error:
            ending = ending_of_exception(error)
            rendezvous.close()
        except BaseException:
            rendezvous.close()
            raise
        _wait_for_peers(outcomes)
        rendezvous.close()
        return raise_if_process_failed(ending if ending is not None else _ending_elsewhere(outcomes))

    return attempt


def _not_asked(report: EpochReport) -> bool:
    raise AssertionError("only the first worker is asked whether training goes on")


def _went_wrong(outcome: Future[Outcome]) -> bool:
    return outcome.exception() is not None or outcome.result() is not None


def _wait_for_peers(outcomes: Sequence[Future[Outcome]]) -> None:
    """Wait until every peer is back; raise AttemptLost if one is not."""
    done, stuck = wait(outcomes, timeout=_PEER_TIMEOUT_S)
    for rank, outcome in enumerate(outcomes, start=1):
        if outcome in done and (error := outcome.exception()) is not None:
            raise AttemptLost(f"worker {rank} of {1 + len(outcomes)} was lost: {one_line(error)}")
    if stuck:
        raise AttemptLost(f"{len(stuck)} of {1 + len(outcomes)} workers did not come back within {_PEER_TIMEOUT_S:g} s")


def _ending_elsewhere(outcomes: Sequence[Future[Outcome]]) -> Ending:
    """Why this process lost its peers although all of them live: one of them failed, or the network did."""
    failed = [ending for outcome in outcomes if (ending := outcome.result()) is not None]
    if failed:
        return failed[0]
    raise AttemptLost("the connection between the workers broke")
