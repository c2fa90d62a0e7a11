"""What a trial may ask of this machine, said before anything starts."""

from __future__ import annotations

import os

import pytest

from dmd.models.median import Median
from dmd.models.model import Outputs
from dmd.registry import METHODS
from orchestration.machine import resources as local_machine
from orchestration.machine.gpus import choose_free, free_gpus, name_gpus
from orchestration.machine.resources import count_local_slots, require_resources, resolve_workers
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.process.errors import UsageError
from search_spaces.loading.load import load_text
from search_spaces.schema.schema import Resources

SPACE = """\
study: planned
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 1, batch_size: 2}
arms: {models: [ridge]}
confirm: {seeds: 1}
"""


@pytest.fixture
def machine(monkeypatch):
    """A machine with 8 CPUs and 4 GPUs."""
    monkeypatch.setattr(local_machine, "num_cpus", lambda: 8)
    monkeypatch.setattr(local_machine, "visible_gpus", lambda: ("0", "1", "2", "3"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")


def problems_of(wanted: Resources) -> list[str]:
    with pytest.raises(UsageError) as caught:
        require_resources(wanted, is_local=True)
    return str(caught.value).splitlines()


def test_impossible_resources_are_named_together(machine):
    lines = problems_of(Resources(cpu=9.0, gpu=64.0, fuse=4))
    assert [line.split(":")[0] for line in lines] == ["resources.fuse", "resources.cpu", "resources.gpu"]
    assert lines[1] == "resources.cpu: a worker wants 9 CPUs, this machine has 8; ask for less"
    require_resources(Resources(cpu=1000.0, gpu=8.0, workers=100), is_local=False)


def test_what_one_worker_may_have_several_may_not(machine):
    require_resources(Resources(cpu=2.0, gpu=1.0, workers=4), is_local=True)
    (cpus,) = problems_of(Resources(cpu=3.0, workers=3))
    assert cpus.startswith("resources.workers: 3 workers want 3 CPUs each, 9 in all, this machine has 8; ask for fewer")
    (gpus,) = problems_of(Resources(cpu=1.0, gpu=1.0, workers=5))
    assert gpus.startswith("resources.workers: 5 workers want 1 GPUs each, 5 in all, this machine has 4")
    (share,) = problems_of(Resources(cpu=1.0, gpu=0.5, workers=2))
    assert share.startswith("resources.gpu: workers that train together need a whole GPU each, got 0.5")
    require_resources(Resources(gpu=0.5), is_local=True)


@pytest.mark.parametrize(
    ("wanted", "slots"),
    [
        (Resources(cpu=0.5), 16),
        (Resources(cpu=1, workers=3), 2),
        (Resources(cpu=1, gpu=1, workers=2), 2),
        (Resources(cpu=1, gpu=0.5), 8),
        (Resources(cpu=1, workers=3, max_concurrent=1), 1),
    ],
)
def test_slots_count_every_worker(machine, wanted, slots):
    assert count_local_slots(wanted) == slots


def test_auto_is_a_worker_on_each_gpu_that_nobody_fills(machine):
    settled = resolve_workers(Resources(workers="auto"), is_local=True, find_free=lambda: ("0", "2", "3"))
    assert (settled.workers, settled.gpu) == (3, 1.0)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,2,3"
    few_cpus = resolve_workers(Resources(workers="auto", cpu=4), is_local=True, find_free=lambda: ("0", "2", "3"))
    assert few_cpus.workers == 2


def test_auto_leaves_full_gpus_to_their_users_and_says_so(machine):
    with pytest.raises(UsageError, match="all 4 visible ones are in use"):
        resolve_workers(Resources(workers="auto"), is_local=True, find_free=tuple)
    with pytest.raises(UsageError, match="with --address write a number"):
        resolve_workers(Resources(workers="auto"), is_local=False)


def test_auto_is_one_worker_without_a_gpu(machine, monkeypatch):
    monkeypatch.setattr(local_machine, "visible_gpus", tuple)
    settled = resolve_workers(Resources(workers="auto"), is_local=True)
    assert (settled.workers, settled.gpu) == (1, 0.0)
    assert resolve_workers(Resources(workers=3), is_local=True).workers == 3


def test_names_of_gpus_are_those_of_the_variable():
    assert name_gpus(None, 2) == ("0", "1")
    assert name_gpus("3, GPU-abc,7", 3) == ("3", "GPU-abc", "7")
    assert name_gpus("3,GPU-abc,99", 2) == ("3", "GPU-abc"), "CUDA ignores what follows a name that it does not know"
    assert name_gpus("", 0) == ()


def test_a_gpu_is_free_while_most_of_its_memory_is():
    assert choose_free(("0", "5", "7"), [(79, 100), (80, 100), (20, 24)]) == ("5", "7")


def test_asking_the_gpus_of_this_machine_works_whatever_it_has():
    assert set(free_gpus()) <= set(local_machine.visible_gpus())


def test_workers_share_batches_that_have_something_for_each():
    wanted = SPACE + "resources: {cpu: 0.1, workers: 3}\n"
    with pytest.raises(
        UsageError, match=r"3 workers share each batch, and arm 'dmd' has batches of 2; ask for at most 2"
    ):
        prepare(load_text(wanted, describe_methods()), None)


def test_the_smallest_batch_that_is_searched_counts():
    searched = SPACE.replace(", batch_size: 2", "").replace("arms: {models: [ridge]}\n", "") + (
        "search: {parameters: {batch_size: {choice: [8, 2, 16]}}, trials: 2}\nresources: {cpu: 0.1, workers: 3}\n"
    )
    with pytest.raises(UsageError, match="arm 'dmd' has batches of 2"):
        prepare(load_text(searched, describe_methods()), None)


def test_the_number_of_workers_decides_the_result():
    one, two = (
        prepare(load_text(SPACE + f"resources: {{cpu: 0.1, workers: {workers}}}\n", describe_methods()), None)
        for workers in (1, 2)
    )
    assert one.planned.context != two.planned.context
    assert (one.fingerprint.workers, two.fingerprint.workers) == (1, 2)


def test_a_method_that_ignores_its_peers_trains_with_one_worker_only(monkeypatch):
    def forward(self, batch, dropout):
        prediction = self.value.expand(len(batch))
        loss = None if batch.labels is None else (prediction - batch.labels).abs().mean()
        return Outputs(prediction, loss, {} if loss is None else {"task/final": loss})

    monkeypatch.setattr(Median, "forward", forward)
    space = SPACE.replace("[ridge]", "[ridge, median]") + "resources: {cpu: 0.1, workers: 2}\n"
    with pytest.raises(UsageError, match=r"the loss of 'median' \(arm 'median'\) takes a worker's part of a batch for"):
        prepare(load_text(space, describe_methods()), None)
    prepare(load_text(space.replace("workers: 2", "workers: 1"), describe_methods()), None)


def test_every_method_written_for_the_loop_shares_its_batches():
    space = SPACE.replace("models: [ridge]", "models: [ridge, median, mult, unimodal]") + (
        "resources: {cpu: 0.1, workers: 2}\n"
    )
    methods = describe_methods()
    natives = {name for name, method in METHODS.items() if not method.is_plain}
    assert natives == {"dmd", "ridge", "median", "mult", "unimodal"}  # the others: tests/dmd/baselines
    facts = prepare(load_text(space, methods), None).planned.facts
    assert all(found.shares_batches for found in facts.values())
    assert len(facts) == 5
