#!/usr/bin/env bash
# One NaN in a family of p-values: what multiple-testing corrections make of the others.
#
# Versions  statsmodels 0.15.0, pingouin 0.7.0, scipy 1.17.1 (Python 3.11)
# Expected  A contrast without a p-value (its arm diverged) is left out, or an error is raised; in any case "rejected" and
#           "corrected p-value" of a contrast agree, and two libraries agree on Holm's procedure.
# Seen      statsmodels' Holm counts the NaN as one more test, so that the others need smaller p-values: of .012, .02, .03 all
#           three are significant alone and one beside a NaN. Benjamini-Hochberg returns NaN for every corrected p-value and
#           still "rejected" for the three. Hommel takes every rejection away; Simes-Hochberg leaves one, with NaN beside it.
#           pingouin leaves NaNs out and finds all three; scipy raises.
# Matters   One diverged run among the ablations decides, by the library, whether the other components are "significant".
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'statsmodels==0.15.0' 'pingouin==0.7.0' 'scipy==1.17.1'
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import math

import pingouin
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

ALONE = [0.012, 0.02, 0.03]
WITH_NAN = [*ALONE, math.nan]


def show(rejected, corrected):
    pairs = zip(rejected.tolist(), corrected.tolist(), strict=True)
    return "  ".join(f"{p:.3f} {'rejected' if r else 'kept'}" for r, p in pairs)


counts = {}
for method in ("holm", "fdr_bh", "hommel", "simes-hochberg"):
    for family in (ALONE, WITH_NAN):
        rejected, corrected, _, _ = multipletests(family, alpha=0.05, method=method)
        counts[method, len(family)] = int(rejected[:3].sum()), int(sum(map(math.isnan, corrected[:3])))
        print(f"statsmodels {method:<14} {len(family)} p-values: {show(rejected, corrected)}")
    assert counts[method, 3] == (3, 0), "the three are significant on their own"
assert counts["holm", 4] == (1, 0)
assert counts["fdr_bh", 4] == (3, 3)
assert counts["hommel", 4] == (0, 3)
assert counts["simes-hochberg", 4] == (1, 3)

for method in ("holm", "fdr_bh"):
    rejected, corrected = pingouin.multicomp(WITH_NAN, alpha=0.05, method=method)
    print(f"pingouin    {method:<14} 4 p-values: {show(rejected, corrected)}")
    assert rejected[:3].all()
try:
    false_discovery_control(WITH_NAN)
except ValueError as error:
    print(f"scipy       fdr_bh         4 p-values: ValueError: {error}")
else:
    raise AssertionError("scipy takes a NaN now")
PYTHON
