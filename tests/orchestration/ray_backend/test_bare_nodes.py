"""A study on a cluster that has nothing of it: code and data reach every node, once, and the results come home."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmd.models.bert_files import digest_bert
from dmd.training.weights import decode_weights
from orchestration.ledger.study_directory import weights_path
from tests.dmd.berts import save_tiny_bert
from tests.orchestration.bare_nodes import OTHER_TORCH, ForeignCluster, foreign_cluster, run_at
from tests.orchestration.command_line import errors_in, records_in, results_in, write_space

pytestmark = pytest.mark.long

DATA = "data.pkl"


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's machine: a space and a data file, and what the study gives without any cluster."""
    place = tmp_path_factory.mktemp("laptop")
    write_space(place)
    assert run_at(place, "dmd-data", "make", DATA).returncode == 0
    done = search(place, "alone", "--executor", "inline")
    assert done.returncode == 0, done.stderr
    return place


def search(place: Path, out: str, *more: str):
    return run_at(place, "dmd-search", "--space", "small.yaml", "--out", out, "--set", f"data.path={DATA}", *more)


@pytest.fixture(scope="module")
def cluster(laptop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignCluster]:
    with foreign_cluster(tmp_path_factory.mktemp("nodes"), laptop, sees_all=True) as running:
        running.add_node("first")
        running.add_node("second")
        yield running


def weights_in(study: Path) -> dict[str, dict[str, list[float]]]:
    """The weights of every confirm trial, as they lie in the study's directory."""
    found = {}
    for trial_id, record in records_in(study).items():
        if record.stage == "confirm":
            path = weights_path(study / "artifacts", trial_id)
            state = decode_weights(path.read_bytes(), record.arm).state
            found[trial_id] = {name: weight.flatten().tolist() for name, weight in state.items()}
    assert any(weights for weights in found.values())
    return found


def content_of(cache: Path) -> dict[str, tuple[int, int]]:
    """Every file of a node's cache, with what tells whether it was written again."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in cache.rglob("*") if path.is_file()}


def test_code_and_data_reach_nodes_that_have_neither_and_numbers_are_those_of_home(
    laptop: Path, cluster: ForeignCluster
) -> None:
    done = search(laptop, "away", "--address", cluster.address, "--set", "resources.custom={any: 1}")
    assert done.returncode == 0, done.stderr
    assert results_in(laptop / "away" / "small") == results_in(laptop / "alone" / "small")
    before = {name: content_of(cluster.cache_of(name)) for name in ("first", "second")}
    for content in before.values():
        assert {"language.npy", "audio.npy", "vision.npy", "dataset.json"} <= content.keys()
    # A node that comes later gets them too; the others have them.
    cluster.add_node("late")
    more = ["--set", "confirm.seeds=3", "--set", "resources.custom={any: 1}"]
    done = search(laptop, "away", "--address", cluster.address, *more)
    assert done.returncode == 0, done.stderr
    assert len(records_in(laptop / "away" / "small")) > len(records_in(laptop / "alone" / "small"))
    assert "dataset.json" in content_of(cluster.cache_of("late"))
    assert before == {name: content_of(cluster.cache_of(name)) for name in before}


def test_a_dry_run_counts_the_cluster_and_starts_nothing(laptop: Path, cluster: ForeignCluster) -> None:
    done = search(laptop, "dry", "--address", cluster.address, "--dry-run", "--json", "--set", "confirm={seeds: 9}")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["estimate"]
    # One trial on each; the head has no room for any.
    assert told["slots"] == told["num_nodes"] == len(cluster.nodes) - 1
    assert not (laptop / "dry").exists()
    done = search(laptop, "dry", "--address", cluster.address, "--dry-run", "--set", "resources.cpu=7")
    assert done.returncode == 2
    (line,) = errors_in(done.stderr)
    assert line.startswith("error: resources: one trial needs 1 x (CPU 7), the cluster has CPU")


def test_a_bert_reaches_nodes_that_do_not_have_it(laptop: Path, cluster: ForeignCluster) -> None:
    bert = save_tiny_bert(laptop / "tiny")
    arm = "{name: dmd, arm: bert, width: 8, heads: 2, levels: 1, max_epochs: 1, text: bert_ids, bert: {path: ./tiny}}"
    changes = ("data.folds=", "confirm={seeds: 1}", f"arms={{models: [{arm}]}}", "study=text")
    text = [word for change in changes for word in ("--set", change)]
    done = search(laptop, "alone", "--executor", "inline", *text)
    assert done.returncode == 0, done.stderr
    custom = ("--set", "resources.custom={first: 1}")
    done = search(laptop, "away", "--address", cluster.address, *custom, *text)
    assert done.returncode == 0, done.stderr
    assert results_in(laptop / "away" / "text") == results_in(laptop / "alone" / "text")
    assert {record.arm for record in records_in(laptop / "away" / "text").values()} == {"dmd", "bert"}
    sent = cluster.cache_of("first") / digest_bert(bert)
    assert {path.name for path in sent.iterdir()} == {"config.json", "model.safetensors"}


def test_a_driver_outside_the_cluster_keeps_everything_at_home(
    laptop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with foreign_cluster(tmp_path_factory.mktemp("outside"), laptop, sees_all=False) as running:
        running.add_node("only")
        done = search(laptop, "outside", "--address", running.client_address)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("done: ")
        assert results_in(laptop / "outside" / "small") == results_in(laptop / "alone" / "small")
        study = laptop / "outside" / "small"
        assert {"ledger.jsonl", "manifest.json", "mlflow.db", "report.md", "artifacts"} <= {
            path.name for path in study.iterdir()
        }
        assert "dataset.json" in content_of(running.cache_of("only"))
        assert weights_in(study) == weights_in(laptop / "alone" / "small")
        assert not list((running.cache_of("head") / "states").glob("*/*")), "nothing of it stays on the head node"


def test_a_node_with_another_torch_is_named_in_one_line_and_trains_nothing(
    laptop: Path, cluster: ForeignCluster
) -> None:
    cluster.add_node("other", OTHER_TORCH)
    done = search(laptop, "other", "--address", cluster.address, "--set", "resources.custom={other: 1}")
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "results would not be comparable: torch is 2.12.0 there, 2.13.0 here" in line
    assert "Traceback" not in done.stderr
    assert records_in(laptop / "other" / "small") == {}


def test_a_node_that_cannot_keep_the_data_is_named_in_one_line(laptop: Path, cluster: ForeignCluster) -> None:
    cluster.add_node("full", cache=Path("/proc/nothing"))
    done = search(laptop, "full", "--address", cluster.address, "--set", "resources.custom={full: 1}")
    assert done.returncode == 2, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "the study's data cannot be stored in /proc/nothing" in line
    assert "set DMD_CACHE_DIR there" in line
    assert "Traceback" not in done.stderr


# Not `auto`: it finds whatever runs on this machine.
@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_an_address_without_a_cluster_is_one_line(laptop: Path, address: str) -> None:
    done = search(laptop, "nowhere", "--address", address, "--set", f"study=nowhere{len(address)}")
    assert done.returncode == 2, done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 1
    assert "Traceback" not in done.stderr
