#!/usr/bin/env bash
# Unweighted average recall of a speaker who lacks a class, and CCC of a short recording: which number depends on the library.
#
# Versions  scikit-learn 1.9.1, audmetric 1.4.2, torchmetrics 1.9.0, torch 2.13.0 (CPU) (Python 3.11)
# Expected  UAR is the mean recall of the classes that the speaker has: a class without a clip has no recall. CCC has one definition.
# Seen      A speaker with three of four emotions, every clip right: 1.0, or 0.75 where the four classes are named (audmetric's labels=,
#           scikit-learn's recall_score). One of twelve clips wrong: 0.917 if it is taken for an emotion that the speaker has; if it is taken for
#           the missing one, 0.917 by balanced_accuracy_score and 0.688 by recall_score, audmetric and torchmetrics, whose num_classes=4 still
#           leaves the class out as long as nobody predicts it. CCC: audmetric divides variances by n, torchmetrics by n - 1.
# Matters   UAR is the measure of speech emotion recognition, and folds by speaker lack classes as a rule. The same predictions differ by 23
#           points between two papers, more than most methods do; averaging CCC over short recordings is biased one way or the other.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'scikit-learn==1.9.1' 'audmetric==1.4.2' 'torchmetrics==1.9.0' \
  'torch==2.13.0' 'numpy==2.4.6'
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import audmetric
import numpy as np
import torch
import torchmetrics
from sklearn.metrics import balanced_accuracy_score, recall_score

EMOTIONS = ["angry", "happy", "neutral", "sad"]


def uar(truth, predicted):
    as_tensor = [torch.tensor([EMOTIONS.index(name) for name in names]) for names in (predicted, truth)]
    values = {
        "balanced_accuracy_score": balanced_accuracy_score(truth, predicted),
        "recall_score(macro)": recall_score(truth, predicted, average="macro"),
        "recall_score(macro, labels)": recall_score(truth, predicted, average="macro", labels=EMOTIONS),
        "audmetric": audmetric.unweighted_average_recall(truth, predicted),
        "audmetric(labels)": audmetric.unweighted_average_recall(truth, predicted, labels=EMOTIONS),
        "torchmetrics(num_classes=4)": torchmetrics.Recall("multiclass", num_classes=4, average="macro")(*as_tensor).item(),
    }
    return {name: round(float(value), 3) for name, value in values.items()}


truth = ["angry"] * 4 + ["happy"] * 4 + ["neutral"] * 4  # this speaker is never sad
cases = {
    "all twelve right": truth,
    "one neutral taken for happy": [*truth[:-1], "happy"],
    "one neutral taken for sad": [*truth[:-1], "sad"],
}
seen = {name: uar(truth, predicted) for name, predicted in cases.items()}
for name, values in seen.items():
    print(f"{name}: {values}")
perfect, happy, sad = seen.values()
assert set(perfect.values()) == {1.0, 0.75}
assert perfect["audmetric(labels)"] == perfect["recall_score(macro, labels)"] == 0.75 < perfect["torchmetrics(num_classes=4)"] == 1.0
assert happy["audmetric"] == happy["torchmetrics(num_classes=4)"] == 0.917
assert sad["balanced_accuracy_score"] == 0.917
assert {value for name, value in sad.items() if name != "balanced_accuracy_score"} == {0.688}

labels = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
predicted = np.array([1.5, 2.0, 2.5, 4.5, 3.0])


def ccc(ddof):
    spread = np.cov(labels, predicted, ddof=ddof)
    return 2 * spread[0, 1] / (spread[0, 0] + spread[1, 1] + (labels.mean() - predicted.mean()) ** 2)


theirs = {
    "audmetric": audmetric.concordance_cc(labels, predicted),
    "torchmetrics": torchmetrics.ConcordanceCorrCoef()(torch.tensor(predicted), torch.tensor(labels)).item(),
}
print(f"CCC of five frames: {theirs}; by hand over n: {ccc(0):.4f}, over n - 1: {ccc(1):.4f}")
assert abs(theirs["audmetric"] - ccc(0)) < 1e-6 and abs(theirs["torchmetrics"] - ccc(1)) < 1e-6
assert abs(ccc(0) - ccc(1)) > 1e-3
PYTHON
