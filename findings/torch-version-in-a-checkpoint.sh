#!/usr/bin/env bash
# A checkpoint that notes which torch wrote it cannot be read by that torch's own safe loader.
#
# Versions  torch 2.13.0 (Python 3.11)
# Expected  torch.__version__ is a text: isinstance(torch.__version__, str) holds. A dictionary of tensors and texts is what
#           torch.load(weights_only=True), the default since 2.6, is for.
# Seen      The version is an object of a class of its own, a subclass of str that is pickled by its name and is not on the loader's list: the whole
#           file is refused, weights and all. str(torch.__version__) in its place is read.
# Matters   Noting the version beside the weights is what reproducible work is told to do; the file looks right, is written without a word, and fails
#           when somebody reads it, with advice to switch the protection off.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0'
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import io
import pickle

import torch


def is_readable(note):
    content = io.BytesIO()
    torch.save({"weights": torch.zeros(2), "written by": note}, content)
    content.seek(0)
    try:
        torch.load(content, weights_only=True)
    except pickle.UnpicklingError:
        return False
    return True


seen = {
    "torch.__version__ is a str": isinstance(torch.__version__, str),
    "read with torch.__version__ in it": is_readable(torch.__version__),
    "read with str(torch.__version__) in it": is_readable(str(torch.__version__)),
}
for name, value in seen.items():
    print(f"{name}: {value}")
assert list(seen.values()) == [True, False, True]
PYTHON
