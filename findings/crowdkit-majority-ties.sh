#!/usr/bin/env bash
# Majority votes of emotion labels: who wins a tie is decided by other clips, or by the order of rows in the file.
#
# Versions  crowd-kit 1.4.2, pandas 3.1.1, scikit-learn 1.9.1 (Python 3.11)
# Expected  A clip that one annotator calls angry and another sad is left open, drawn at random, or decided by a rule of its own; not by the order
#           of rows, nor by what is said of another clip.
# Seen      MajorityVote gives all such clips the same label: the one that is met first in the file, be it in a row of another clip.
#           Turned round, the file gives the other label to every disputed clip; so does another clip, which both call sad, at its top.
# Matters   Labels of emotion corpora are majority votes of a few people. Sorting the annotations by another column, or adding clips, then moves the
#           label of every tied clip, all in one direction, and with them class balance and scores; nothing marks which clips were tied.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'crowd-kit==1.4.2' 'pandas==3.1.1' 'scikit-learn==1.9.1'
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import pandas as pd
from crowdkit.aggregation import MajorityVote

DISPUTED = [f"clip {number}" for number in range(6)]
votes = pd.DataFrame(
    [(clip, worker, label) for clip in DISPUTED for worker, label in (("anna", "angry"), ("ben", "sad"))],
    columns=["task", "worker", "label"],
)
agreed = pd.DataFrame([("another", "anna", "sad"), ("another", "ben", "sad")], columns=votes.columns)


def decide(rows):
    return MajorityVote().fit_predict(rows)[DISPUTED].value_counts().to_dict()


seen = {
    "as written (angry first)": decide(votes),
    "rows turned round": decide(votes.iloc[::-1]),
    "as written, above them another clip that both call sad": decide(pd.concat([agreed, votes])),
    "as written, below them another clip that both call sad": decide(pd.concat([votes, agreed])),
}
for name, labels in seen.items():
    print(f"six clips, one vote each for angry and sad; {name}: {labels}")
assert list(seen.values()) == [{"angry": 6}, {"sad": 6}, {"sad": 6}, {"angry": 6}]
PYTHON
