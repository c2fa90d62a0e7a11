"""Workers as processes of this machine that train a trial together, for the executor without Ray."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

from dmd.job import WorkerRank
from orchestration.executors.multi_worker import Outcome, train_as_worker
from orchestration.executors.protocol import TrialRunner
from orchestration.process.signals import NOTICES, blocked_signals
from search_spaces.terms.trial import Trial

_CLOSE_TIMEOUT_S = 10.0


class LocalPeer:
    """A process that is started with its first trial, lives until it is closed, and is replaced if it dies.

    visible_gpu: what the process sees as its only GPU, as in CUDA_VISIBLE_DEVICES; None: it sees what this one does.
    """

    def __init__(self, runner: TrialRunner, visible_gpu: str | None = None) -> None:
        self._runner = runner
        self._visible_gpu = visible_gpu
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._waiting: threading.Thread | None = None

    def start(self, trial: Trial, worker: WorkerRank) -> Future[Outcome]:
        """See :class:`orchestration.executors.multi_worker.Peer`."""
        if self._process is None or not self._process.is_alive():
            self._launch()
        outcome: Future[Outcome] = Future()
        self._waiting = threading.Thread(target=self._work, args=(trial, worker, outcome), daemon=True)
        self._waiting.start()
        return outcome

    def close(self) -> None:
        """End the process: it leaves as soon as it is back from its trial, or is killed."""
        if self._process is None or self._connection is None:
            return
        with contextlib.suppress(OSError):
            self._connection.send(None)
        self._process.join(_CLOSE_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        if self._waiting is not None:
            self._waiting.join()
        self._connection.close()

    def _launch(self) -> None:
        if self._connection is not None:
            self._connection.close()
        # A fresh interpreter: a fork would inherit the threads and the GPU of this process in an undefined state.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._runner, self._visible_gpu), daemon=True)
        # Python would start a tracker first, and unblock SIGINT then.
        resource_tracker.ensure_running()
        with blocked_signals(signal.SIGINT, *NOTICES):
            self._process.start()
        theirs.close()

    def _work(self, trial: Trial, worker: WorkerRank, outcome: Future[Outcome]) -> None:
        assert self._process is not None
        assert self._connection is not None
        try:
            self._connection.send((trial, worker))
            outcome.set_result(self._connection.recv())
        except (EOFError, OSError):
            self._process.join(_CLOSE_TIMEOUT_S)
            outcome.set_exception(ChildProcessError(f"its process ended with exit code {self._process.exitcode}"))


@contextlib.contextmanager
def local_peers(runner: TrialRunner, num_peers: int, gpus: tuple[str, ...] = ()) -> Iterator[list[LocalPeer]]:
    """Processes that train with this one, ended with the context.

    Args:
        runner: opened in each of them.
        num_peers: how many.
        gpus: of this process and its peers, one each as in CUDA_VISIBLE_DEVICES; empty: they use none.
    """
    peers = [LocalPeer(runner, gpus[rank] if gpus else None) for rank in range(1, num_peers + 1)]
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def _serve(connection: Connection, runner: TrialRunner, visible_gpu: str | None) -> None:
    """Train shares of trials until told to leave, or until the other end of the connection is gone."""
    if visible_gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible_gpu
    run_trial = runner.open()
    with contextlib.suppress(EOFError, OSError):
        while True:
            asked = connection.recv()
            if asked is None:
                return
            connection.send(train_as_worker(lambda: run_trial, *asked))
