#!/usr/bin/env bash
# MMSA: a training that diverges is reported with the test scores of the run before it, to the last digit.
#
# Versions  mmsa 2.2.1, torch 2.13.0 (CPU), numpy 2.4.6, transformers 5.23.0 (Python 3.11)
# Expected  A run without a single finite epoch has no test score: an error, or NaN.
# Seen      The package keeps one weight file per method and data set, writes it when an epoch is better than those before, and after
#           training loads it whoever wrote it. NaN is never better, so nothing is written: the file of the previous run is scored
#           again. In a fresh folder the same run ends in a bare AssertionError.
# Matters   The field's package for comparisons. A table of seeds or of learning rates in which two rows agree in every digit may
#           be one run, and the mean over seeds counts a good one twice. Two processes that share a folder mix their weights the same way.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'pandas==3.1.1' \
  'scikit-learn==1.9.1' 'transformers==5.23.0' 'easydict==1.14' 'tqdm==4.70.1' 'pynvml==13.0.1'
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps 'mmsa==2.2.1'  # its own list has no working nvidia-ml-py3
mkdir "$place/run"
cd "$place/run"
export TQDM_DISABLE=1 OMP_NUM_THREADS=1
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import pathlib
import pickle

import numpy as np
import torch
from MMSA.config import get_config_regression
from MMSA.run import _run

STEPS = 8
random = np.random.default_rng(0)


def make_split(num_clips):
    labels = random.uniform(-3, 3, num_clips).astype(np.float32)

    def features(width):
        values = 0.3 * random.normal(size=(num_clips, STEPS, width)) + labels[:, None, None]
        return values.astype(np.float32)

    return {
        "text": features(6),
        "audio": features(4),
        "vision": features(5),
        "raw_text": ["a clip"] * num_clips,
        "id": [f"video$_${clip}" for clip in range(num_clips)],
        "regression_labels": labels,
    }


with open("features.pkl", "wb") as file:
    pickle.dump({split: make_split(size) for split, size in {"train": 64, "valid": 32, "test": 32}.items()}, file)


def run(learning_rate):
    """EF-LSTM with the package's own configuration, made small. MMSA_run would ask for a GPU before it comes here."""
    config = get_config_regression("ef_lstm", "mosi")
    config.update(featurePath="features.pkl", seq_lens=[STEPS] * 3, custom_feature="", feature_T="", feature_A="", feature_V="")
    config.update(hidden_dims=16, num_layers=1, dropout=0.0, early_stop=3, learning_rate=learning_rate)
    config.update(device=torch.device("cpu"), train_mode="regression", cur_seed=1, model_save_path=pathlib.Path("ef_lstm-mosi.pth"))
    torch.manual_seed(0)
    return {name: float(value) for name, value in _run(config, num_workers=0).items()}


try:
    run(learning_rate=1e30)
except AssertionError:
    print("diverging run in a fresh folder: AssertionError, no message")
else:
    raise AssertionError("a diverging run in a fresh folder has a result now")
good = run(learning_rate=0.01)
print(f"good run, learning rate 0.01: MAE {good['MAE']}, Corr {good['Corr']}, Loss {good['Loss']}")
stale = run(learning_rate=1e30)
print(f"diverging run, learning rate 1e30: MAE {stale['MAE']}, Corr {stale['Corr']}, Loss {stale['Loss']}")
assert stale == good, "the diverging run no longer reports the run before it"
PYTHON
