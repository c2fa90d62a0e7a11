#!/usr/bin/env bash
# MMSA's MISA cuts unaligned audio and vision at the number of *words*: of 500 audio frames it reads as many as the text has tokens.
#
# Versions  mmsa 2.2.1, torch 2.13.0 (CPU), transformers 5.23.0, numpy 2.4.6 (Python 3.11)
# Expected  The LSTMs of a modality read its frames; the loader hands out audio_lengths and vision_lengths for it.
# Seen      Audio and vision are packed with the lengths of the text. With 12 tokens, frames 12 to 499 of audio and 12 to 374 of vision may be anything:
#           no prediction moves by a single bit. At 30 to 100 frames a second that is the first fraction of a second of the clip.
# Matters   The package's configuration gives MISA the unaligned files. Its audio and vision then hardly exist, which reads as "text
#           carries it all" in every ablation of modalities. On word-aligned files, for which MISA was written, the lengths are equal.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'pandas==3.1.1' \
  'scikit-learn==1.9.1' 'transformers==5.23.0' 'easydict==1.14' 'tqdm==4.70.1' 'pynvml==13.0.1'
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps 'mmsa==2.2.1'  # its own list has no working nvidia-ml-py3
export PLACE=$place HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import os
import pathlib

import torch
from MMSA.config import get_config_regression
from MMSA.models.singleTask.MISA import MISA
from transformers import BertConfig, BertModel, BertTokenizer

# A tiny BERT with random weights in a folder: the widths that MISA expects, without a download.
bert = pathlib.Path(os.environ["PLACE"]) / "bert"
bert.mkdir()
(bert / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"]))
torch.manual_seed(0)
BertModel(BertConfig(vocab_size=7, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)).save_pretrained(bert)
BertTokenizer(str(bert / "vocab.txt")).save_pretrained(bert)

config = get_config_regression("misa", "mosi")
assert not config.need_data_aligned  # what the package gives to MISA: 50 tokens, 500 audio frames, 375 of vision
config.update(train_mode="regression", pretrained=str(bert))
model = MISA(config).eval()

CLIPS, WORDS = 4, 12
text = torch.zeros(CLIPS, 3, config.seq_lens[0])  # token ids, mask, segments
text[:, 0, :WORDS] = 5
text[:, 1, :WORDS] = 1
audio = torch.randn(CLIPS, config.seq_lens[1], config.feature_dims[1])
vision = torch.randn(CLIPS, config.seq_lens[2], config.feature_dims[2])


def other_frames(frames, where):
    changed = frames.clone()
    changed[:, where] = torch.randn_like(changed[:, where])
    return changed


def predict(audio, vision):
    with torch.no_grad():
        return model(text, audio, vision)["M"]


before = predict(audio, vision)
late = (predict(other_frames(audio, slice(WORDS, None)), other_frames(vision, slice(WORDS, None))) - before).abs().max().item()
early = (predict(other_frames(audio, slice(WORDS)), other_frames(vision, slice(WORDS))) - before).abs().max().item()
print(f"{WORDS} tokens, {audio.shape[1]} audio frames, {vision.shape[1]} vision frames")
print(f"audio and vision from frame {WORDS} on replaced by noise: predictions change by {late}")
print(f"the first {WORDS} frames replaced: predictions change by {early:.3f}")
assert late == 0.0 < early
PYTHON
