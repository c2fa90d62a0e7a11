"""Named positions of every switch of DMD: the paper's equations, the published code bug for bug, and what trains best.

``paper`` is the defaults of :mod:`dmd.models.dmd_config` and of the training loop. ``official`` names every point where
the code that the authors published (mdswyz/DMD, commit 516d4e1) says something, also where it agrees with the paper, so
that a default may change without moving it. Its numbers are those of MOSI; ``official-mosei`` has MOSEI's. ``tuned``
was chosen on validation parts alone, on real and on planted data (docs/decisions/0082-what-trains-dmd-best.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from dmd.job import Setting

NO_MAXIMUM = 1000
"""The published loop ends by early stopping alone."""

_EQUATIONS: dict[str, Setting] = {
    # Eq. 4: the margin grows with the label gap; triplets from any modality; classes are exactly equal labels; the mean
    # over an anchor's pairs, then over anchors
    "margin.kind": "label_gap",
    "alpha": 0.15,
    "margin.triplets": "any",
    "margin.label_class": "exact",
    "margin.reduction": "anchors",
    "margin.project": True,
    # Eq. 5: the positive part of the cosine, along the batch axis (PyTorch 1.9 took axis 1 of (T', B, d))
    "ort.form": "relu",
    "ort.axis": "batch",
    # Eqs. 2 and 3: the mean squared error
    "recon.reduction": "mean",
    "task_heads": "all",
    # Eqs. 7 to 9: edges pulled to, and summed with, a prior; hetero representations pushed apart
    "gd.softmax": "all_edges",
    "gd.temperature": 8.0,
    "gd.prior": "official",
    "gd.regulariser": 10.0,
    "gd.representation_homo": "off",
    "gd.representation_hetero": "min_cosine",
    "gd.detach_teacher": True,
    "gd.detach_edge_inputs": False,
    "gd.size_homo": 64,
    "gd.size_hetero": 32,
    # Eqs. 6 and 11: literals of the trainer
    "gamma": 0.1,
    "lambda1": 0.1,
    "lambda2": 0.05,
    # the gate itself is fused, not the feature that it gates
    "gate": "replace",
    # padding is attended and may be the summary; positions are 0 where the first channel is exactly 0
    "align": "file",
    "mask_padding": False,
    "pool": "last",
    "causal": True,
}

_PROTOCOL: dict[str, Setting] = {
    "learning_rate": 1e-4,
    "bert.learning_rate": 1e-4,
    "weight_decay": 0.0,
    "batch_size": 16,
    "max_epochs": NO_MAXIMUM,
    "patience": 10,
    "clip.kind": "value",
    "clip.limit": 0.6,
    "accumulation.steps": 10,
    "accumulation.average": False,
    "accumulation.flush_last": False,
    "plateau.factor": 0.5,
    "plateau.patience": 5,
    "selection": "batches",
    "head_start": "neutral",
    "precision": "fp32",
}

_MOSI: dict[str, Setting] = {
    "width": 50,
    "heads": 10,
    "levels": 4,
    "kernel.language": 5,
    "kernel.audio": 5,
    "kernel.vision": 5,
    "dropout.text": 0.5,
    "dropout.attention.language": 0.3,
    "dropout.attention.audio": 0.2,
    "dropout.attention.vision": 0.0,
    "dropout.embed": 0.2,
    "dropout.relu": 0.0,
    "dropout.residual": 0.0,
    "dropout.output": 0.5,
}

_MOSEI: dict[str, Setting] = {
    **_MOSI,
    "width": 30,
    "heads": 6,
    "kernel.audio": 1,
    "kernel.vision": 3,
    "dropout.text": 0.3,
    "dropout.attention.language": 0.4,
    "dropout.attention.audio": 0.0,
    "dropout.embed": 0.0,
}

_TUNED: dict[str, Setting] = {
    # the published losses, gates and attention; no sizes: those of the defaults, which are MOSI's
    **_EQUATIONS,
    # the last real step, which bears the label, stands at one place, and nothing lies in padding
    "align": "end",
    "mask_padding": True,
    "pool": "last_valid",
    # a step for every mini-batch: ten summed are too few steps on few data
    "learning_rate": 3e-4,
    "max_epochs": 25,
    "patience": 8,
}

PRESETS: Mapping[str, Mapping[str, Setting]] = {
    "paper": {},
    "official": {**_EQUATIONS, **_PROTOCOL, **_MOSI},
    "official-mosei": {**_EQUATIONS, **_PROTOCOL, **_MOSEI},
    "tuned": _TUNED,
}
