"""Saved views of MLflow's UI, read back from the tags of an experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestration.tracking.experiment_page import VIEW_TAG


def saved_view(tags: Mapping[str, str], key: str) -> dict[str, Any]:
    """What MLflow's UI applies when a view is opened."""
    state: dict[str, Any] = json.loads(json.loads(tags[f"{VIEW_TAG}{key}"])["state"])
    return state
