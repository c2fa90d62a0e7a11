"""The module that Ray imports in every worker that it starts ahead (``RAY_preload_python_modules``)."""

from __future__ import annotations

from orchestration.ray_backend.preload import preload

preload()
