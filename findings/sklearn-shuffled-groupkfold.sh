#!/usr/bin/env bash
# GroupKFold(shuffle=True) balances the number of groups per fold, where its documentation says the number of samples.
#
# Versions  scikit-learn 1.9.1 (Python 3.11)
# Expected  The class's documentation: "the number of samples is approximately the same in each test fold when shuffle is True".
# Seen      The reverse. Without shuffle the largest group goes to the smallest fold, and folds are as equal as can be. With shuffle
#           the groups are dealt out by count, whatever their size: over twenty seeds the largest test fold has several times the
#           samples of the smallest.
# Matters   Speakers and videos of emotion corpora differ widely in size (six main characters and a crowd in a sitcom; 9 to 63
#           clips per video in CMU-MOSI). A mean over folds then weights a clip of a small fold several times a clip of a large one, and
#           a correlation or F1 from the smallest fold is mostly noise. Repeated cross-validation needs shuffle, so it gets this.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'scikit-learn==1.9.1'
"$place/venv/bin/python" - <<'PYTHON'
import re

import numpy as np
from sklearn.model_selection import GroupKFold

promise = re.sub(r"\s+", " ", GroupKFold.__doc__)
assert "the number of samples is approximately the same in each test fold when `shuffle` is True" in promise

# Six main speakers with 150 clips each, sixty others with three: 1,080 clips, five folds.
speakers = np.repeat(np.arange(66), [150] * 6 + [3] * 60)
clips = np.zeros((len(speakers), 1))


def test_sizes(folds):
    return sorted(len(test) for _, test in folds.split(clips, groups=speakers))


def test_speakers(folds):
    return sorted(len(set(speakers[test])) for _, test in folds.split(clips, groups=speakers))


plain = GroupKFold(5)
print(f"shuffle=False:          clips per test fold {test_sizes(plain)}, speakers {test_speakers(plain)}")
assert max(test_sizes(plain)) <= 300  # two of the six must share a fold
worst = 0.0
for seed in range(20):
    folds = GroupKFold(5, shuffle=True, random_state=seed)
    sizes = test_sizes(folds)
    worst = max(worst, max(sizes) / min(sizes))
    if seed < 3:
        print(f"shuffle=True, seed {seed}:   clips per test fold {sizes}, speakers {test_speakers(folds)}")
    assert test_speakers(folds) == [13, 13, 13, 13, 14]
    assert max(sizes) / min(sizes) > max(test_sizes(plain)) / min(test_sizes(plain))
print(f"shuffle=True, 20 seeds: the largest fold has up to {worst:.0f} times the clips of the smallest")
assert worst > 5
PYTHON
