"""The files of ``deploy/``: what Ray, KubeRay and our own command line make of them."""

from __future__ import annotations

import copy
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from orchestration.node_setup.cache import CACHE_VARIABLE
from tests.kuberay import RAY_JOB

DEPLOY = Path(__file__).parents[1] / "deploy"


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


def parse_command(text: str) -> dict[str, Any]:
    """The options of a command that ``dmd-search`` reads, its space checked; raises what it would complain of."""
    from orchestration.cli.search import app
    from orchestration.planning.method_catalogue import describe_methods
    from search_spaces.loading.load import load
    from search_spaces.loading.packaged import find_space

    program, *arguments = shlex.split(text)
    assert program == "dmd-search"
    options = typer.main.get_command(app).make_context(program, arguments).params
    assert options["address"] == "auto"
    space = load(find_space(options["space"]), describe_methods(), tuple(options["overrides"]))
    return options | {"space": space}


def parse_start(text: str) -> dict[str, Any]:
    """The options of a ``ray start`` as Ray reads them; raises what it would complain of."""
    from ray.scripts.scripts import start

    program, command, *arguments = shlex.split(text)
    assert (program, command) == ("ray", "start")
    return start.make_context("start", arguments).params


def versions_in(text: str) -> dict[str, str]:
    """Name -> version of everything that a text installs with its version."""
    return dict(re.findall(r"'([a-z-]+)(?:\[\w+\])?==([\d.]+)'", text))


@pytest.mark.parametrize("name", ["ray-cluster.yaml", "rayjob.yaml"])
def test_nodes_of_different_days_have_the_driver_s_versions(name: str) -> None:
    text = (DEPLOY / name).read_text()
    assert versions_in(text) == {"dmd-search": version("dmd-search"), "ray": version("ray")}
    for image in re.findall(r"image: (\S+)", text):
        assert image.endswith(f":{version('dmd-search')}")
    with Path(__file__).parents[1].joinpath("pyproject.toml").open("rb") as file:
        (needed,) = tomllib.load(file)["project"]["optional-dependencies"]["cluster"]
    # Without `default` there is neither an autoscaler nor a job server on the head.
    assert needed.startswith("ray[client,default]")


@pytest.mark.parametrize("name", ["ray-cluster.yaml", "rayjob.yaml"])
def test_no_file_has_a_credential_or_opens_a_port_to_the_world(name: str) -> None:
    text = (DEPLOY / name).read_text()
    assert not re.search(r"0\.0\.0\.0|LoadBalancer|NodePort|enableIngress|hostNetwork|IpPermissions", text)
    for key, value in leaves(read(name)):
        assert not re.search(r"(?i)password|secret|access_?key|private_?key|auth_token", f"{key} {value}"), key


def leaves(content: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document that holds no others, with the key above it."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from leaves(value, str(name))
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value, key)
    else:
        yield key, content


def test_the_ray_cluster_is_what_ray_up_accepts() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = read("ray-cluster.yaml")
    # As `ray up` does it: its defaults filled in, against its schema and its rules.
    validate_config(prepare_config(copy.deepcopy(config)))
    options, others = (parse_start(config[f"{node}_start_ray_commands"][-1]) for node in ("head", "worker"))
    assert (options["head"], others["head"], others["address"]) == (True, False, "$RAY_HEAD_IP:6379")
    assert (options["dashboard_host"], options["disable_usage_stats"]) == ("127.0.0.1", True)
    assert options["port"] == 6379, "where the workers look for it"
    assert {part for line in config["worker_start_ray_commands"] for part in re.findall(r"\$\w+", line)} == {
        "$RAY_HEAD_IP"
    }
    head, worker = (config["available_node_types"][name] for name in ("head", "gpu_worker"))
    assert (head["resources"]["CPU"], worker["min_workers"]) == (0, 1)
    require_python, _ = config["setup_commands"]
    subprocess.run(require_python.replace("python3", sys.executable), shell=True, check=True)


def test_the_commands_for_machines_of_one_s_own_are_what_ray_and_we_read() -> None:
    text = (DEPLOY.parent / "docs" / "cluster.md").read_text()
    commands = [line.partition("#")[0].strip() for line in text.partition("```")[2].partition("```")[0].splitlines()]
    head, other = (parse_start(line) for line in commands if line.startswith("ray start"))
    assert (head["head"], head["dashboard_host"], head["disable_usage_stats"]) == (True, "127.0.0.1", True)
    assert other["address"].endswith(f":{head['port']}")
    (search,) = (line for line in commands if line.startswith("dmd-search"))
    parse_command(search)


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
    # Its dashboard listens to the whole Kubernetes cluster, as KubeRay needs it to.
    assert cluster["authOptions"] == {"mode": "token"}
    (head,) = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in head["env"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        for container in pod["containers"]:
            mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert set(mounted) == {volume["name"] for volume in pod["volumes"]}
            # Ray takes what a pod may use for what it has.
            assert container["resources"]["requests"] == container["resources"]["limits"]
            for setting in container.get("env", []):
                assert setting["name"] != CACHE_VARIABLE or setting["value"] in mounted.values()
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
        lambda job: job["spec"]["rayClusterSpec"]["authOptions"].update(mode="tokens"),
        lambda job: job["spec"].update(authOptions=job["spec"]["rayClusterSpec"].pop("authOptions")),
    ],
)
def test_what_the_api_server_would_refuse_is_refused_here(spoil: Callable[[Any], None]) -> None:
    """Or the test above would show nothing."""
    job = read("rayjob.yaml")
    spoil(job)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(job, RAY_JOB)
