"""One round: a study, a fault, the same command until the study is done, and what has become of it."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash.audit import Audit, audit
from benchmarks.crash.faults import Fault, small_disk
from benchmarks.crash.memory import watched_environment
from benchmarks.crash.nodes import nodes_in
from benchmarks.crash.scene import NotStruck, Scene
from benchmarks.crash.server import TrackingServer
from benchmarks.crash.session import Session
from benchmarks.crash.studies import NUM_FAILED, Tables, read_tables, write_space
from orchestration.planning.method_catalogue import describe_methods
from search_spaces.loading.load import load

_MOST_NEWS = 8
"""A fault strikes after none to so many epochs and endings."""
_MOST_RUNS = 4


@dataclass(frozen=True)
class Round:
    """How a round ended. tables: None for a search. notes, remarks: see :class:`Scene`."""

    fault: str
    study: str
    found: Audit
    tables: Tables | None
    notes: tuple[str, ...]
    remarks: tuple[str, ...]
    took_s: float


def run_round(folder: Path, fault: Fault, name: str, rng: random.Random) -> Round:
    """Study ``name`` under ``fault``, in ``folder``, which is made."""
    (folder / "t").mkdir(parents=True)
    space, began = write_space(folder, name), time.monotonic()
    with contextlib.ExitStack() as stack:
        scene = _begin(folder, space, fault, rng, stack)
        _strike(scene, fault)
        code = scene.session.wait()
        if fault.loses_server and "tracking:" not in scene.session.said():
            scene.notes.append("it did not say that events are undelivered")
        scene.mend()
        _go_on(scene, code, NUM_FAILED[name])
        scene.remarks.append(f"{_count_retries(scene.session)} attempts again")
        scene.expect_nothing_left("the end")
        scene.expect_nothing_unfinished()
        server = scene.the_server
        store = f"sqlite:///{scene.session.study / 'mlflow.db'}" if server is None else server.store
        found = audit(scene.session.study, load(space, describe_methods()), store)
        tables = None if name == "search" else read_tables(scene.session.study)
    took_s = time.monotonic() - began
    return Round(
        fault=fault.name,
        study=name,
        found=found,
        tables=tables,
        notes=tuple(scene.notes),
        remarks=tuple(scene.remarks),
        took_s=took_s,
    )


def run_undisturbed(folder: Path, name: str) -> Tables:
    """The tables of study ``name`` that nothing happens to, in ``folder``, which is made."""
    (folder / "t").mkdir(parents=True)
    session = Session(write_space(folder, name), folder / "o", folder / "t", (), {})
    try:
        code = session.wait()
    finally:
        session.end()
    if code != _code_of(NUM_FAILED[name]):
        raise SystemExit(f"the undisturbed study ends with code {code}: {session.said()[-500:]}")
    return read_tables(session.study)


def _begin(folder: Path, space: Path, fault: Fault, rng: random.Random, stack: contextlib.ExitStack) -> Scene:
    """The study, running, with what ``fault`` needs; ``stack`` ends it all."""
    server = nodes = None
    arguments: tuple[str, ...] = ()
    if fault.needs == "small disk":
        stack.enter_context(small_disk(folder / "o"))
    if fault.needs == "server":
        server = TrackingServer(folder)
        stack.callback(server.close)
        arguments = ("--tracking-uri", server.uri)
    if fault.needs == "nodes":
        nodes = stack.enter_context(nodes_in(folder / "r"))
        arguments = ("--address", nodes.address)
    environment = watched_environment() if fault.needs == "watched memory" else {}
    session = Session(space, folder / "o", folder / "t", arguments, environment)
    scene = Scene(folder, session, rng, server, nodes)
    stack.callback(lambda: scene.session.end())
    stack.callback(scene.mend)
    return scene


def _strike(scene: Scene, fault: Fault) -> None:
    number = scene.rng.randint(0, _MOST_NEWS)
    if not scene.session.wait_for_news(number):
        code = scene.session.wait()
        scene.notes.append(f"ended with code {code} before it was struck: {scene.session.said()[-200:]}")
        return
    scene.remarks.append(f"struck after {number}")
    try:
        fault.strike(scene)
    except (NotStruck, ProcessLookupError, FileNotFoundError) as error:
        scene.notes.append(f"{error}")


def _go_on(scene: Scene, code: int, num_failed: int) -> None:
    """Run the same command until the study is done, and once more if it says that events are undelivered."""
    expected, runs = _code_of(num_failed), 0
    is_delivered = "tracking:" not in scene.session.said()
    while code != expected or not is_delivered:
        if runs == _MOST_RUNS:
            why = "; ".join(_errors_in(scene.session)) or scene.session.said()[-300:]
            scene.notes.append(f"not done after {runs} more runs: code {code}, {why}")
            return
        scene.session = scene.session.again()
        code, runs = scene.session.wait(), runs + 1
        is_delivered = "tracking:" not in scene.session.said()


def _errors_in(session: Session) -> list[str]:
    """Why trials failed."""
    records = [event.data["record"] for event in session.events() if event.kind == "tell"]
    return [str(record["error"]) for record in records if record.get("error")]


def _count_retries(session: Session) -> int:
    """How often trials were started again, in this session or the next."""
    attempts = Counter(event.trial_id for event in session.events() if event.kind == "attempt")
    return sum(count - 1 for count in attempts.values())


def _code_of(num_failed: int) -> int:
    return 1 if num_failed else 0
