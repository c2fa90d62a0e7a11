"""What KubeRay accepts as a RayJob, as far as one writes it by hand.

The API server refuses unknown fields and wrong types; so does this. Facts, told in our words, of the types in
``ray-operator/apis/ray/v1`` of ray-project/kuberay and of Kubernetes' own ``core/v1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
NAME: Schema = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}
QUANTITY: Schema = {"type": ["string", "integer"], "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"}


def fields(known: Mapping[str, Schema], *required: str) -> Schema:
    """An object with these fields and no others."""
    return {"type": "object", "properties": dict(known), "required": list(required), "additionalProperties": False}


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


QUANTITIES: Schema = {"type": "object", "additionalProperties": QUANTITY}
CONTAINER = fields(
    {
        "name": NAME,
        "image": TEXT,
        "imagePullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
        "command": list_of(TEXT),
        "args": list_of(TEXT),
        "env": list_of(fields({"name": TEXT, "value": TEXT}, "name")),
        "resources": fields({"requests": QUANTITIES, "limits": QUANTITIES}),
        "volumeMounts": list_of(
            fields({"name": NAME, "mountPath": TEXT, "readOnly": FLAG, "subPath": TEXT}, "name", "mountPath")
        ),
    },
    "name",
    "image",
)
VOLUME = fields(
    {
        "name": NAME,
        "persistentVolumeClaim": fields({"claimName": NAME, "readOnly": FLAG}, "claimName"),
        "emptyDir": fields({"medium": {"enum": ["", "Memory"]}, "sizeLimit": QUANTITY}),
    },
    "name",
)
POD = fields(
    {"containers": list_of(CONTAINER), "volumes": list_of(VOLUME), "automountServiceAccountToken": FLAG}, "containers"
)
TEMPLATE = fields({"metadata": fields({"labels": TEXTS, "annotations": TEXTS}), "spec": POD}, "spec")
HEAD_GROUP = fields(
    {
        "serviceType": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
        "enableIngress": FLAG,
        "rayStartParams": TEXTS,
        "template": TEMPLATE,
    },
    "template",
)
WORKER_GROUP = fields(
    {
        "groupName": NAME,
        "replicas": COUNT,
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "numOfHosts": COUNT,
        "rayStartParams": TEXTS,
        "template": TEMPLATE,
    },
    "groupName",
    "minReplicas",
    "maxReplicas",
    "template",
)
CLUSTER = fields(
    {
        "rayVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "enableInTreeAutoscaling": FLAG,
        "autoscalerOptions": fields(
            {"idleTimeoutSeconds": COUNT, "upscalingMode": {"enum": ["Default", "Aggressive", "Conservative"]}}
        ),
        "suspend": FLAG,
        "authOptions": fields({"mode": {"enum": ["disabled", "token"]}, "secretName": TEXT}),
        "headGroupSpec": HEAD_GROUP,
        "workerGroupSpecs": list_of(WORKER_GROUP),
    },
    "headGroupSpec",
)
JOB = fields(
    {
        "entrypoint": TEXT,
        "entrypointNumCpus": {"type": "number"},
        "entrypointNumGpus": {"type": "number"},
        "entrypointResources": TEXT,
        "runtimeEnvYAML": TEXT,
        "metadata": TEXTS,
        "jobId": TEXT,
        "submissionMode": {"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode"]},
        "activeDeadlineSeconds": {"type": "integer", "minimum": 1},
        "backoffLimit": COUNT,
        "shutdownAfterJobFinishes": FLAG,
        "ttlSecondsAfterFinished": COUNT,
        "suspend": FLAG,
        "rayClusterSpec": CLUSTER,
    },
    "entrypoint",
    "rayClusterSpec",
)
RAY_JOB = fields(
    {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayJob"},
        # KubeRay makes longer names of it, for pods and services.
        "metadata": fields({"name": NAME | {"maxLength": 47}, "namespace": NAME, "labels": TEXTS}, "name"),
        "spec": JOB,
    },
    "apiVersion",
    "kind",
    "metadata",
    "spec",
)
