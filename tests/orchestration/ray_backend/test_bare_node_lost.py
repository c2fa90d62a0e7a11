"""A node that has nothing of the study's goes while it trains: the trial goes on elsewhere, from what came home."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from dmd.data.formats.planted import planted_bytes
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.training.checkpoint import decode_state
from dmd.training.weights import decode_weights
from orchestration.ledger.study_directory import weights_path
from tests.orchestration.bare_nodes import COUNTED_SAVES, foreign_cluster, run_at, start_at
from tests.orchestration.command_line import records_in, results_in, write_space

pytestmark = pytest.mark.long

NODES = ("first", "second")
NUM_EPOCHS = 28
"""At half a second or more each, with CLIPS: longer than the ten seconds after which a checkpoint travels."""
CLIPS = PlantedSpec(num_videos=60, clips_per_video=20)
ONE_TRIAL = {
    "data.path": "data.pkl",
    "data.folds": "",
    "arms": "{}",
    "model.max_epochs": NUM_EPOCHS,
    "model.patience": NUM_EPOCHS,
    "confirm": "{seeds: 1}",
}


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's machine: a space, a data file, and what the study gives undisturbed."""
    place = tmp_path_factory.mktemp("laptop")
    write_space(place)
    (place / "data.pkl").write_bytes(planted_bytes(CLIPS))
    done = run_at(place, *search("alone", "--executor", "inline"))
    assert done.returncode == 0, done.stderr
    return place


def search(out: str, *more: str) -> list[str]:
    overrides = [word for key, value in ONE_TRIAL.items() for word in ("--set", f"{key}={value}")]
    return ["dmd-search", "--space", "small.yaml", "--out", out, *overrides, *more]


@pytest.mark.parametrize("is_ray_client", [False, True], ids=["driver on the head", "driver outside"])
def test_a_trial_goes_on_from_its_checkpoint_when_its_foreign_node_is_killed(
    laptop: Path, tmp_path_factory: pytest.TempPathFactory, is_ray_client: bool
) -> None:
    out = f"away-{is_ray_client}"
    with foreign_cluster(tmp_path_factory.mktemp("nodes"), laptop, sees_all=not is_ray_client) as cluster:
        for name in NODES:
            cluster.add_node(name, COUNTED_SAVES)
        # Where copies of checkpoints are kept: in the study, or, of a driver that is on no node, on the head node.
        copies = cluster.cache_of("head") / "states" if is_ray_client else laptop / out / "small" / "checkpoints"
        address = cluster.client_address if is_ray_client else cluster.address
        with start_at(laptop, *search(out, "--address", address, "--set", "resources.custom={any: 1}")) as driver:
            copy = wait_for_copy(copies, driver)
            (lost,) = (name for name in NODES if cluster.num_saved(name))
            cluster.kill_node(lost)
            reached = decode_state(copy.read_bytes())["epoch"]
            _, errors = driver.communicate(timeout=300)
        assert driver.returncode == 0, errors
        (left,) = set(NODES) - {lost}
        assert 1 < reached < NUM_EPOCHS
        # At most what it took over, each epoch after that, and the state of the ended trial: none was trained again.
        assert 2 <= cluster.num_saved(left) <= 1 + (NUM_EPOCHS - reached) + 1
    study = laptop / out / "small"
    ((trial_id, record),) = records_in(study).items()
    assert (record.attempts, record.num_epochs) == (2, NUM_EPOCHS)
    assert results_in(study) == results_in(laptop / "alone" / "small")
    content = weights_path(study / "artifacts", trial_id).read_bytes()
    assert decode_weights(content, trial_id).best_epoch == record.best_epoch


def wait_for_copy(copies: Path, driver: subprocess.Popen[str]) -> Path:
    """The first checkpoint that lies where copies of them are kept."""
    deadline = time.monotonic() + 200
    while not (found := list(copies.glob("**/state.pt"))):
        assert driver.poll() is None, driver.communicate()[1]
        assert time.monotonic() < deadline, "no checkpoint came home"
        time.sleep(0.1)
    return found[0]
