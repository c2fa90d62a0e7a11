#!/usr/bin/env bash
# A clip whose modality is masked out altogether: three different answers of one Transformer, by mode and by its neighbours' padding.
#
# Versions  torch 2.13.0 (CPU), Python 3.11
# Expected  With dropout 0 a module computes in evaluation what it computes in training. Where no key is left, either a NaN or a defined
#           value, the same one every time, and never dependent on the other clips of the batch.
# Seen      nn.MultiheadAttention(need_weights=False) gives finite numbers for such a row in training, and NaN for the same call in evaluation
#           under no_grad, where its fast path takes over; with need_weights=True, the default, it is NaN in both.
#           nn.TransformerEncoder gives finite numbers in training; in evaluation it gives exact zeros if the rest of the batch is
#           padded on the right (nested tensors), and NaN if a neighbour is padded on the left.
# Matters   "Missing modality" is done by masking all of its steps. Trained on one function, the model is tested on another, and the
#           files of this field differ in padding side (MulT's left, MMSA's right), so the same code gives zeros on one and NaN on the other.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from torch import nn

torch.manual_seed(0)
clips = torch.randn(2, 4, 8)
PADS = {
    "right-padded": torch.tensor([[False, False, True, True], [True, True, True, True]]),
    "left-padded": torch.tensor([[True, True, False, False], [True, True, True, True]]),
}


def describe(values):
    if values.isnan().all():
        return "NaN"
    assert not values.isnan().any()
    return "zeros" if not values.any() else "finite"


attention = nn.MultiheadAttention(8, num_heads=2, dropout=0.0, batch_first=True)
for parameter in attention.parameters():
    nn.init.normal_(parameter)  # biases start at 0 and are not 0 once trained
seen = {}
for need_weights in (False, True):
    for training in (True, False):
        attention.train(training)
        with torch.set_grad_enabled(training):
            output, _ = attention(
                clips, clips, clips, key_padding_mask=PADS["right-padded"], need_weights=need_weights
            )
        assert describe(output[0]) == "finite"
        seen[need_weights, training] = describe(output[1])
    print(f"MultiheadAttention(need_weights={need_weights}), all keys masked: training {seen[need_weights, True]}, "
          f"evaluation {seen[need_weights, False]}")
assert (seen[False, True], seen[False, False]) == ("finite", "NaN"), seen
assert (seen[True, True], seen[True, False]) == ("NaN", "NaN"), seen

encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), num_layers=2)
for side, pad in PADS.items():
    outputs = {}
    for training in (True, False):
        encoder.train(training)
        with torch.set_grad_enabled(training):
            outputs[training] = encoder(clips, src_key_padding_mask=pad)
    real = ~pad[0]
    assert torch.allclose(outputs[True][0, real], outputs[False][0, real], atol=1e-5)  # the whole clip beside it is as it should be
    seen[side] = describe(outputs[True][1]), describe(outputs[False][1])
    print(f"TransformerEncoder, all steps masked, neighbour {side}: training {seen[side][0]}, evaluation {seen[side][1]}")
assert seen["right-padded"] == ("finite", "zeros"), seen
assert seen["left-padded"] == ("finite", "NaN"), seen
PYTHON
