"""The files of ``deploy/``: against Ray's own schema, and against what Kubernetes and our command line accept."""

from __future__ import annotations

import json
import shlex
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import typer
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"


def read(name: str):
    return yaml.safe_load((DEPLOY / name).read_text())


def require_command(text: str) -> None:
    """``text`` is a command that ``dmd-search`` reads; raises what it would complain of."""
    from orchestration.cli.search import app

    program, *arguments = shlex.split(text)
    assert program == "dmd-search"
    context = typer.main.get_command(app).make_context(program, arguments)
    assert context.params["address"] == "auto"


def test_the_ray_cluster_is_valid_by_rays_own_schema_and_listens_on_loopback():
    spec = find_spec("ray.autoscaler")
    assert spec is not None
    assert spec.submodule_search_locations
    schema = json.loads(Path(spec.submodule_search_locations[0], "ray-schema.json").read_text())
    config = read("ray-cluster.yaml")
    jsonschema.validate(config, schema)
    assert config["head_node_type"] in config["available_node_types"]
    assert any("--dashboard-host=127.0.0.1" in line for line in config["head_start_ray_commands"])
    for line in (DEPLOY / "ray-cluster.yaml").read_text().splitlines():
        if "dmd-search --" in line:
            require_command(line.split('"')[1])


def test_the_ray_job_mounts_what_it_declares_on_every_pod_and_runs_our_command():
    job = read("rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    require_command(job["spec"]["entrypoint"])
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    assert len(groups) == 2
    for group in groups:
        pod = group["template"]["spec"]
        declared = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            mounted = {mount["name"]: mount for mount in container["volumeMounts"]}
            assert set(mounted) == declared
            assert mounted["data"]["readOnly"]
            assert container["resources"]["requests"] == container["resources"]["limits"]
    for group in cluster["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
