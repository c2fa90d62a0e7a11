#!/usr/bin/env bash
# MMSA's MulT has no positions: its crossmodal encoders read a clip as a bag of frames.
#
# Versions  mmsa 2.2.1, torch 2.13.0 (CPU), numpy 2.4.6 (Python 3.11)
# Expected  MulT (Tsai et al. 2019) adds sinusoidal positions before its crossmodal encoders.
# Seen      The encoder class has positions as an option that is off by default, and the model never turns it on: none of its nine encoders has any.
#           With pointwise projections and no causal mask all three modalities may be shuffled in time (all frames but the last, which is
#           read out) and predictions stay. As shipped, order is left to a convolution over five frames and to the mask.
# Matters   "MulT" is the standard baseline of the field, and this package the usual place to run it. What is then compared
#           with is another model than the paper's, at the same number of parameters.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'pandas==3.1.1' \
  'scikit-learn==1.9.1' 'transformers==5.23.0' 'easydict==1.14' 'tqdm==4.70.1' 'pynvml==13.0.1'
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps 'mmsa==2.2.1'  # its own list has no working nvidia-ml-py3
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from MMSA.config import get_config_regression
from MMSA.models.singleTask.MULT import MULT
from MMSA.models.subNets.transformers_encoder.transformer import TransformerEncoder

config = get_config_regression("mult", "mosi")
config.update(feature_dims=[6, 4, 5], seq_lens=[12, 30, 20], train_mode="regression")


def build(**changes):
    torch.manual_seed(0)
    return MULT(type(config)(config, **changes)).eval()


def shuffle(frames):
    """All frames in another order but the last, which is the one that the model reads out."""
    order = torch.randperm(frames.shape[1] - 1)
    return torch.cat([frames[:, order], frames[:, -1:]], dim=1)


shipped = build()
encoders = [module for module in shipped.modules() if isinstance(module, TransformerEncoder)]
with_positions = sum(encoder.embed_positions is not None for encoder in encoders)
print(f"{len(encoders)} encoders, {with_positions} with positions")
assert (len(encoders), with_positions) == (9, 0)

torch.manual_seed(1)
text, audio, vision = torch.randn(8, 12, 6), torch.randn(8, 30, 4), torch.randn(8, 20, 5)
shuffled = shuffle(text), shuffle(audio), shuffle(vision)
bare = {"attn_mask": False, "conv1d_kernel_size_l": 1, "conv1d_kernel_size_a": 1, "conv1d_kernel_size_v": 1}
changes = {}
for name, model in {"as shipped": shipped, "kernels of one frame, no mask": build(**bare)}.items():
    with torch.no_grad():
        before, after = (model(*clips)["M"] for clips in ((text, audio, vision), shuffled))
    changes[name] = ((before - after).abs().max() / before.std()).item()
    print(f"{name}: shuffling time changes predictions by up to {changes[name]:.1e} of their standard deviation")
assert changes["kernels of one frame, no mask"] < 1e-4 < 1e-2 < changes["as shipped"]
PYTHON
