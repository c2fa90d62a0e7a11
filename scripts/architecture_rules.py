"""Who may import what: packages, libraries, and the rooms of each package from the top floor down.

A room may import those below it. :mod:`scripts.architecture` holds the packages to all of this.
"""

from __future__ import annotations

from collections.abc import Mapping

MOST_MODULES = 20
"""In one folder: the flattest folder of the code bases that this one was compared with."""

HUB = "orchestration"
LEAVES: Mapping[str, frozenset[str]] = {
    "dmd": frozenset({"torch", "numpy", "h5py", "transformers", "huggingface_hub"}),
    "search_spaces": frozenset({"yaml", "pydantic", "pydantic_core"}),
    "reports": frozenset(
        {
            "numpy",
            "scipy",
            "matplotlib",
            "jinja2",
            "markupsafe",
            "markdown_it",
            "pandas",
            "sklearn",
            "threadpoolctl",
            "yaml",
        }
    ),
}
"""Packages that know neither each other nor the hub, and the libraries that each may import."""
FRONT = "dmd_search"
"""The public module for Python: it may import all the others, and none of them imports it."""
PACKAGES = (*LEAVES, HUB, FRONT)

ONE_HOME: Mapping[str, str] = {
    "ray": "orchestration/ray_backend/",
    "mlflow": "orchestration/tracking/",
    "optuna": "orchestration/search/",
    "h5py": "dmd/data/untrusted/hdf5.py",
    "transformers": "dmd/models/bert_text.py",
    "huggingface_hub": "dmd/models/bert_files.py",
}
"""The only folder, or the only module, that may import a library."""

FLOORS: Mapping[str, tuple[str, ...]] = {
    "dmd_search": ("commands", "study", "errors"),
    "orchestration": (
        "cli",
        "perform_study",
        "launch",
        "begin_study",
        "run_study",
        "dry_run",
        "extension",
        "planning",
        "planning.checks",
        "finished_study",
        "ray_backend",
        "node_setup",
        "past_studies",
        "executors",
        "tracking",
        "driver",
        "external",
        "ledger",
        "machine",
        "search.stopping",
        "search",
        "process",
    ),
    "search_spaces": ("loading", "checking", "design", "schema", "terms"),
    "dmd": (
        "plugins",
        "training",
        "training.distributed",
        "registry",
        "baselines.multitask",
        "baselines",
        "models",
        "data.inspection",
        "data.formats",
        "data.tables",
        "data.csd",
        "data.utterances",
        "data.untrusted",
        "declaration",
        "data.dataset",
        "scoring",
        "metrics",
        "layers.memory",
        "layers",
        "losses",
        "data.samples",
        "dropout",
        "kernels",
        "dropout_mask",
        "settings",
        "job",
        "batch_sharing",
        "precision",
        "random_streams",
        "modalities",
        "errors",
    ),
    "reports": (
        "output",
        "analysis",
        "measured_study",
        "report",
        "sections.left_out",
        "sections.asked",
        "sections.warnings",
        "sections.tuning",
        "sections.power",
        "sections.classes",
        "sections.main_table",
        "sections.ablation",
        "sections.attribution",
        "sections.run_log",
        "sections.model_inside",
        "sections.hyperparameters",
        "sections.missing",
        "sections.pareto",
        "sections.seed_race",
        "sections.paper_tables",
        "sections",
        "drawing",
        "text",
        "results",
        "records",
        "in_turn",
        "statistics.interim",
        "statistics.scores",
        "statistics",
    ),
}
