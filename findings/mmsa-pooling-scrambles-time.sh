#!/usr/bin/env bash
# MMSA: "average pooling" of unaligned features averages frames that lie ten seconds apart, and keeps no order of time.
#
# Versions  mmsa 2.2.1, torch 2.13.0 (CPU), numpy 2.4.6 (Python 3.11)
# Expected  500 audio frames pooled to 50 steps: step 0 is the mean of frames 0 to 9, step 1 that of frames 10 to 19, and so on.
# Seen      Step 0 is the mean of frames 0, 50, 100, ..., 450, step 1 that of frames 1, 51, 101, ...: the array is viewed with its two time
#           axes in the wrong order. What a ramp 0 to 499 becomes runs from 225 to 274 instead of from 4.5 to 494.5: every step is
#           about the mean of the whole clip. 375 frames of vision end in padding, with the same result.
# Matters   EF-LSTM, MFN, Graph-MFN and MFM get audio and vision through this on every unaligned file. Recurrent fusion then sees almost
#           constant audio and vision, and a comparison "aligned against unaligned" compares something else.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'pandas==3.1.1' \
  'scikit-learn==1.9.1' 'transformers==5.23.0' 'easydict==1.14' 'tqdm==4.70.1' 'pynvml==13.0.1'
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps 'mmsa==2.2.1'  # its own list has no working nvidia-ml-py3
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from easydict import EasyDict
from MMSA.models.subNets import AlignSubNet

TEXT, AUDIO, VISION = 50, 500, 375
align = AlignSubNet(EasyDict(seq_lens=[TEXT, AUDIO, VISION], feature_dims=[1, 1, 1]), "avg_pool")


def ramp(length):
    return torch.arange(length, dtype=torch.float32).reshape(1, length, 1)


text, audio, vision = (pooled.flatten() for pooled in align(ramp(TEXT), ramp(AUDIO), ramp(VISION)))
in_order = ramp(AUDIO).reshape(TEXT, AUDIO // TEXT).mean(1)
print(f"500 frames 0..499 to 50 steps, by hand: {in_order[:3].tolist()} ... {in_order[-1].item()}")
print(f"500 frames 0..499 to 50 steps, mmsa:    {audio[:3].tolist()} ... {audio[-1].item()}")
print(f"375 frames 0..374 to 50 steps, mmsa:    {vision[:3].tolist()} ... {vision[-1].item()}")
strided = torch.stack([ramp(AUDIO).flatten()[step::TEXT].mean() for step in range(TEXT)])
assert torch.equal(audio, strided), "step k is no longer the mean of frames k, k + 50, k + 100, ..."
assert (audio[0].item(), audio[-1].item()) == (225.0, 274.0)
spread = (audio.std() / in_order.std()).item()
print(f"variation over time that is left of the ramp: {spread:.2f}")
assert spread < 0.15
PYTHON
