"""MLflow shows exactly what the ledger holds: through restarts, repeated deliveries and outages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.driver.driver import Driver, StudyPlan
from orchestration.driver.endings import ending_of_exception
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.state import fold_events
from orchestration.process.redaction import without_credentials
from orchestration.search.listed_source import ListedSource
from orchestration.tracking import mlflow_tracker
from orchestration.tracking import writer_process as writer
from orchestration.tracking.delivery import Delivery
from orchestration.tracking.mlflow_tracker import MlflowTracker
from orchestration.tracking.position import POSITION_FILE, Position, load_position, save_position
from orchestration.tracking.writer_process import DriverMessages, Writer, WriterConfig
from search_spaces.terms.trial import Cell
from tests.orchestration.delivered_study import write_here
from tests.orchestration.mlflow_store import Store, assert_agrees_with_ledger, reports_in
from tests.orchestration.open_sockets import free_port
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import STUDY, listed, run_toy, searched

# MLflow's tables use what SQLAlchemy 2.1 deprecates; the tests read the store through MLflow.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def check(directory: Path, uri: str | None = None) -> Store:
    with Ledger(directory) as ledger:
        events = list(ledger.events())
    store = Store(directory, uri)
    assert_agrees_with_ledger(store, fold_events(events).records(), reports_in(events))
    return store


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    directory = tmp_path_factory.mktemp("study")
    outcome = run_toy(directory, searched(num_trials=12), scheduler="asha", is_tracked=True)
    assert outcome.undelivered is None
    return directory


def test_every_trial_is_one_run_with_every_point_once(study):
    store = check(study)
    assert len(store.trials) == 15
    assert {run.info.status for run in store.trials.values()} == {"FINISHED", "KILLED"}
    assert [run.info.status for run in store.parents] == ["FINISHED"]


def test_runs_carry_what_the_compare_page_needs(study):
    run = next(run for run in Store(study).trials.values() if run.data.tags["stage"] == "confirm")
    tags, params, metrics = run.data.tags, run.data.params, run.data.metrics
    assert run.info.run_name == f"full/seed-{params['seed']}/{tags['configuration_id'][:6]}"
    assert {name: tags[name] for name in ("arm", "fold", "repeat", "status", "attempts")} == {
        "arm": "full",
        "fold": "official",
        "repeat": "0",
        "status": "completed",
        "attempts": "1",
    }
    assert float(params["x"]) == pytest.approx(0.3, abs=0.5)
    assert params["epochs"] == "9"
    # without it the UI opens the experiment on its pages for language models
    assert Store(study).experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert metrics["test/mae"] == pytest.approx(metrics["valid_at_best_epoch/mae"] + 1)
    # bars side by side and not lines of one point; the compare page begins with the first metric that was sent
    trial_id = tags["trial_id"]
    assert [step for step, _, _ in Store(study).points(trial_id, "test/mae")] == [0]
    assert int(tags["best_epoch"]) in [step for step, _, _ in Store(study).points(trial_id, "valid/mae")]
    assert next(iter(metrics)) == "valid/mae"


def test_predictions_and_weights_of_confirm_trials_are_artifacts(study):
    store = Store(study)
    for trial_id, run in store.trials.items():
        expected = {"record.json"} | (
            {"predictions.csv", "details.npz", "weights.pt"} if run.data.tags["stage"] == "confirm" else set()
        )
        assert store.artifacts(trial_id) == expected
    assert (study / "artifacts").is_dir()


def test_delivering_everything_again_doubles_nothing(study):
    (study / POSITION_FILE).unlink()
    run_toy(study, searched(num_trials=12), scheduler="asha", is_tracked=True)
    assert len(check(study).parents) == 1


def test_folds_failures_and_non_finite_values(tmp_path):
    trials = [make_trial(1, cell=Cell(1, 3)), make_trial(2, diverges_at=2)]
    run_toy(tmp_path, listed(trials), is_tracked=True)
    store = check(tmp_path)
    folded, failed = (store.trials[trial.id] for trial in trials)
    assert folded.info.run_name.startswith("full/fold-1.3/seed-1/")
    assert (folded.data.tags["fold"], folded.data.tags["repeat"]) == ("3", "1")
    assert (failed.info.status, failed.data.tags["error"]) == ("FAILED", "loss became non-finite in epoch 2")


def test_a_non_finite_value_becomes_a_tag(tmp_path):
    from dmd.job import EpochReport

    trial = make_trial()
    with Ledger(tmp_path) as ledger:
        tracker = MlflowTracker(ledger, STUDY, tmp_path)
        tracker.start()
        driver = Driver(StudyPlan(STUDY, ListedSource([trial])), ledger, lambda event: tracker.wake())
        driver.on_epoch(driver.next_trial(), EpochReport(1, {"valid/mae": 0.5, "valid/corr": float("nan")}, 1.0))
        driver.on_end(trial, ending_of_exception(RuntimeError("x")))
        assert tracker.close("complete") is None
    run = Store(tmp_path).trials[trial.id]
    assert run.data.tags["non_finite/valid/corr"] == "nan at step 1"
    assert run.data.metrics["valid/mae"] == 0.5


def test_while_the_server_is_away_events_wait_and_are_delivered_by_the_next_start(tmp_path):
    trials = [make_trial(seed) for seed in range(3)]
    uri = f"http://user:secret@127.0.0.1:{free_port()}"
    plan = StudyPlan(STUDY, listed(trials))
    with Ledger(tmp_path) as ledger:
        tracker = MlflowTracker(ledger, STUDY, tmp_path, uri, impatience_s=1.0)
        tracker.start()
        driver = Driver(plan, ledger, lambda event: tracker.wake())
        while (trial := driver.next_trial()) is not None:
            driver.on_end(trial, ending_of_exception(RuntimeError("x")))
        notice = tracker.close("complete") or ""
    assert notice.startswith("tracking: 10 events are not yet in MLflow at http://127.0.0.1:")
    assert "run the same command again to deliver them" in notice
    assert "secret" not in notice
    # The server comes back: here, as the default store.
    run_toy(tmp_path, listed(trials), is_tracked=True)
    assert len(check(tmp_path).trials) == 3


def test_a_run_that_was_made_just_before_a_crash_is_found_again(tmp_path):
    trials = [make_trial(seed) for seed in range(2)]
    run_toy(tmp_path, listed(trials), is_tracked=True)
    remembered = load_position(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}", 10**9)
    assert remembered.offset > 0
    assert remembered.runs == {}
    # As if the writer had died after it sent the last trial and before it remembered so.
    save_position(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}", Position(0, None, {}))
    run_toy(tmp_path, listed(trials), is_tracked=True)
    assert check(tmp_path).runs_per_trial.total() == 2


def test_a_run_whose_first_write_was_lost_is_found_again_and_is_whole(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    trials = [make_trial(seed) for seed in range(2)]
    send, lost = MlflowClient.log_batch, []

    def lose_once(client, run_id, metrics=(), params=(), tags=(), **more):
        if params and not lost:
            lost.append(run_id)
            raise ConnectionError("the server went away after it had made the run")
        return send(client, run_id, metrics, params, tags, **more)

    monkeypatch.setattr(MlflowClient, "log_batch", lose_once)
    run_toy(tmp_path, listed(trials))
    write_here(tmp_path)
    store = check(tmp_path)
    assert len(lost) == 1
    assert store.runs_per_trial.total() == 2
    assert {run.data.params["seed"] for run in store.trials.values()} == {"0", "1"}


def test_after_a_crash_only_what_was_on_its_way_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_BATCH", 4)
    looked_up, find = [], Delivery._find_run
    monkeypatch.setattr(
        Delivery, "_find_run", lambda self, tag, value: looked_up.append(value) or find(self, tag, value)
    )
    trials = [make_trial(seed) for seed in range(6)]
    run_toy(tmp_path, listed(trials[:1]))
    write_here(tmp_path)
    looked_up.clear()
    # The next batch may have been sent before a crash: it holds a start and the events of one trial.
    run_toy(tmp_path, listed(trials))
    write_here(tmp_path)
    assert looked_up == [trials[1].id]
    assert check(tmp_path).runs_per_trial.total() == 6


def test_a_new_study_looks_nothing_up(tmp_path, monkeypatch):
    looked_up, find = [], Delivery._find_run
    monkeypatch.setattr(
        Delivery, "_find_run", lambda self, tag, value: looked_up.append(value) or find(self, tag, value)
    )
    config = WriterConfig(STUDY, str(tmp_path), str(tmp_path / "logs"), None, min_batch_s=0.0)
    messages = DriverMessages()
    writing = Writer(config, messages, lambda progress: None)
    run_toy(tmp_path, listed([make_trial(seed) for seed in range(3)]))
    messages.handle(f"{(tmp_path / 'ledger.jsonl').stat().st_size} complete".encode())
    writing.run()
    assert looked_up == [STUDY]
    assert check(tmp_path).runs_per_trial.total() == 3


def test_nothing_is_delivered_that_a_power_cut_could_take_from_the_ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_BATCH", 4)
    happened, deliver = [], Delivery.deliver
    monkeypatch.setattr(writer, "sync", lambda path: happened.append(path.name))
    monkeypatch.setattr(Delivery, "deliver", lambda self, batch: happened.append("delivered") or deliver(self, batch))
    run_toy(tmp_path, listed([make_trial(seed) for seed in range(3)]))
    write_here(tmp_path)
    assert len(happened) > 4
    assert happened == ["ledger.jsonl", "delivered", tmp_path.name] * (len(happened) // 3)


def writers_of(pid: int) -> list[int]:
    """The living processes that write to MLflow for the process ``pid``."""
    return [
        int(place.name)
        for place in Path("/proc").glob("[0-9]*")
        if status_of(int(place.name))[1:2] == [str(pid)]
        and writer.__name__.encode() in (place / "cmdline").read_bytes().split(b"\0")
    ]


def writer_of(pid: int) -> int:
    """Its only one; the system shows the command of a new process a moment after it has begun."""
    wait_for(lambda: len(writers_of(pid)) > 0, patience_s=10.0)
    (found,) = writers_of(pid)
    return found


def status_of(pid: int) -> list[str]:
    """The state of a process, its parent, and more that the system says of it; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def wait_for(is_so: Callable[[], bool], patience_s: float = 60.0) -> None:
    ends_at = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_a_writer_that_is_killed_is_replaced_and_doubles_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_tracker, "_RESTART_S", 0.0)
    trials = [make_trial(seed) for seed in range(6)]
    killed = set()
    with Ledger(tmp_path) as ledger:
        tracker = MlflowTracker(ledger, STUDY, tmp_path, min_batch_s=0.0)
        tracker.start()
        driver = Driver(StudyPlan(STUDY, ListedSource(trials)), ledger, lambda event: tracker.wake())
        while (trial := driver.next_trial()) is not None:
            driver.on_end(trial, ending_of_exception(RuntimeError("x")))
            if trial.seed == 3:
                wait_for((tmp_path / POSITION_FILE).exists)
            if trial.seed in (1, 3, 5):
                # Once while it starts, once while it writes, and once when nothing will happen any more.
                # A process may be seen dead before its parent can know; later events find out.
                wait_for(lambda: tracker.wake() or set(writers_of(os.getpid())) - killed, patience_s=20.0)
                dead = writer_of(os.getpid())
                os.kill(dead, signal.SIGKILL)
                wait_for(lambda pid=dead: status_of(pid)[0] == "Z")
                killed.add(dead)
        assert tracker.close("complete") is None
    assert len(killed) == 3
    assert check(tmp_path).runs_per_trial.total() == 6


def test_a_writer_ends_with_its_driver(tmp_path):
    program = (
        "import sys, time, pathlib\n"
        "from orchestration.ledger.ledger import Ledger\n"
        "from orchestration.tracking.mlflow_tracker import MlflowTracker\n"
        "directory = pathlib.Path(sys.argv[1])\n"
        "with Ledger(directory) as ledger:\n"
        f"    MlflowTracker(ledger, {STUDY!r}, directory).start()\n"
        "    print('started', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as driver:
        assert driver.stdout.readline() == b"started\n"
        of_driver = writer_of(driver.pid)
        driver.kill()
    wait_for(lambda: not Path(f"/proc/{of_driver}").exists(), patience_s=20.0)


def test_a_position_of_another_store_or_of_a_longer_ledger_is_not_used(tmp_path):
    save_position(tmp_path, "sqlite:///a", Position(50, "p", {"t": "r"}))
    assert load_position(tmp_path, "sqlite:///a", 50) == Position(50, "p", {"t": "r"})
    assert load_position(tmp_path, "sqlite:///b", 50) == Position()
    assert load_position(tmp_path, "sqlite:///a", 49) == Position()
    (tmp_path / POSITION_FILE).write_text("{")
    assert load_position(tmp_path, "sqlite:///a", 50) == Position()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pa%40ss@host:5000/a?b=c", "https://host:5000/a?b=c"),
        ("sqlite:////data/a@b.db", "sqlite:////data/a@b.db"),
        ("no route to postgresql://u:p@db/x now", "no route to postgresql://db/x now"),
    ],
)
def test_credentials_are_not_shown(text, shown):
    assert without_credentials(text) == shown


def test_nothing_calls_home():
    # pytest and CI switch telemetry off by variables of their own: this needs a process without them.
    program = (
        "from orchestration.process.logs import quiet_libraries\n"
        "quiet_libraries()\n"
        "from orchestration.tracking.delivery import connect\n"
        "from orchestration.ray_backend.cluster import ray_cluster\n"
        "import sys, tempfile, pathlib\n"
        "connect('sqlite:///' + tempfile.mkdtemp() + '/m.db')\n"
        "from mlflow.telemetry.utils import is_telemetry_disabled\n"
        "assert is_telemetry_disabled()\n"
        "with ray_cluster(None, num_cpus=1):\n"
        "    from ray._common.usage.usage_lib import usage_stats_enabled\n"
        "    assert not usage_stats_enabled()\n"
        "print('silent')\n"
    )
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "silent\n", done.stderr
    assert done.stderr == ""
