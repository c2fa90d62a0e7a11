"""The files of ``deploy/``: what Ray, KubeRay and our own command line make of them."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from tests.kuberay import RAY_JOB

DEPLOY = Path(__file__).parents[1] / "deploy"


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


def parse_command(text: str) -> dict[str, Any]:
    """The options of a command that ``dmd-search`` reads, its space checked; raises what it would complain of."""
    from orchestration.catalogue import describe_methods
    from orchestration.cli.search import app
    from search_spaces.load import load
    from search_spaces.packaged import find_space

    program, *arguments = shlex.split(text)
    assert program == "dmd-search"
    options = typer.main.get_command(app).make_context(program, arguments).params
    assert options["address"] == "auto"
    space = load(find_space(options["space"]), describe_methods(), tuple(options["overrides"]))
    return options | {"space": space}


def test_the_ray_cluster_is_what_ray_up_accepts() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = read("ray-cluster.yaml")
    # As `ray up` does it: its defaults filled in, against its schema and its rules.
    validate_config(prepare_config(copy.deepcopy(config)))
    assert any("--dashboard-host=127.0.0.1" in line for line in config["head_start_ray_commands"])
    assert {part for line in config["worker_start_ray_commands"] for part in re.findall(r"\$\w+", line)} == {
        "$RAY_HEAD_IP"
    }
    head, worker = (config["available_node_types"][name] for name in ("head", "gpu_worker"))
    assert (head["resources"]["CPU"], worker["min_workers"]) == (0, 1)


def test_the_commands_above_the_ray_cluster_are_read_and_name_one_place() -> None:
    text = " ".join(line.removeprefix("#").strip() for line in (DEPLOY / "ray-cluster.yaml").read_text().splitlines())
    (quoted,) = re.findall(r'ray exec deploy/ray-cluster.yaml "(.*?)"', text)
    options = parse_command(quoted)
    assert options["space"].resources.gpu == 1
    ((_, uploaded),) = re.findall(r"ray rsync-up deploy/ray-cluster.yaml (\S+) (\S+)", text)
    assert options["space"].data.path == uploaded
    ((fetched, _),) = re.findall(r"ray rsync-down deploy/ray-cluster.yaml (\S+) (\S+)", text)
    assert f"{options['out']}/" == fetched


def test_the_ray_job_is_what_kuberay_accepts() -> None:
    job = read("rayjob.yaml")
    jsonschema.validate(job, RAY_JOB)
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["rayVersion"] == version("ray")
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        for container in pod["containers"]:
            mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert set(mounted) == {volume["name"] for volume in pod["volumes"]}
            # Ray takes what a pod may use for what it has.
            assert container["resources"]["requests"] == container["resources"]["limits"]
            for setting in container.get("env", []):
                assert setting["value"] in mounted.values()
    for group in cluster["workerGroupSpecs"]:
        assert 1 <= group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


def test_the_ray_job_runs_our_command_over_what_its_head_mounts() -> None:
    spec = read("rayjob.yaml")["spec"]
    options = parse_command(spec["entrypoint"])
    (container,) = spec["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"]
    mounted = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
    assert mounted == {str(Path(options["space"].data.path).parent): True, str(options["out"]): False}
    (worker,) = spec["rayClusterSpec"]["workerGroupSpecs"]
    limits = worker["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert float(limits["nvidia.com/gpu"]) >= options["space"].resources.gpu == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda job: job["spec"].update(shutDownAfterJobFinishes=True),
        lambda job: job["spec"].update(backoffLimit="2"),
        lambda job: job["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"].update({"num-cpus": 0}),
        lambda job: job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0].pop("groupName"),
        lambda job: job["metadata"].update(name="DMD_search"),
    ],
)
def test_what_the_api_server_would_refuse_is_refused_here(spoil: Callable[[Any], None]) -> None:
    """Or the test above would show nothing."""
    job = read("rayjob.yaml")
    spoil(job)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, RAY_JOB)
