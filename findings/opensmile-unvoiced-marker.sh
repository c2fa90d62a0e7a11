#!/usr/bin/env bash
# openSMILE's eGeMAPS: three of 25 columns hold -201 wherever there is no voice, and clip means contain that marker.
#
# Versions  opensmile 2.6.0 (Python 3.11)
# Expected  The columns' names end in "nz" (non-zero): what has no value in a frame without pitch is 0 there and left out of the
#           functionals, as it is for the pitch itself.
# Seen      F1-, F2- and F3amplitudeLogRelF0_sma3nz hold exactly -201 in silence and in unvoiced sound (noise, as in "s" or "f"). Of one and
#           the same vowel with pauses around it the mean pitch stays, while the clip mean of F1's relative amplitude falls from about 8 to below
#           -100: it says how much of the clip is unvoiced and nothing about formants.
# Matters   eGeMAPS are the standard audio features of the field. Standardised, these columns have two values, voice and no voice, and
#           everything that formant amplitudes could tell lies within a few hundredths of a standard deviation.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'opensmile==2.6.0' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$place"
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import opensmile
from scipy.signal import lfilter

RATE = 16_000
MARKED = [f"F{formant}amplitudeLogRelF0_sma3nz" for formant in (1, 2, 3)]
PITCH = "F0semitoneFrom27.5Hz_sma3nz"


def vowel(seconds, pitch_hz=120):
    """Pulses through three resonances: an "a" of a deep voice."""
    sound = np.zeros(int(seconds * RATE))
    sound[(np.arange(0, seconds, 1 / pitch_hz) * RATE).astype(int)] = 1.0
    for hz, bandwidth in ((700, 80), (1200, 90), (2600, 120)):
        r = np.exp(-np.pi * bandwidth / RATE)
        sound = lfilter([1.0], [1.0, -2 * r * np.cos(2 * np.pi * hz / RATE), r * r], sound)
    return 0.5 * sound / np.abs(sound).max()


def extract(sound, level):
    smile = opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=level)
    return smile.process_signal(sound.astype(np.float32), RATE)


noise = np.random.default_rng(0).normal(0, 0.1, RATE)
parts = {"vowel": vowel(1.0), "noise": noise, "silence": np.zeros(RATE)}
frames = extract(np.concatenate(list(parts.values())), opensmile.FeatureLevel.LowLevelDescriptors)
starts = frames.index.get_level_values("start").total_seconds()
print(f"{frames.shape[1]} columns, {len(frames)} frames")
for number, part in enumerate(parts):
    inside = frames[(starts > number + 0.2) & (starts < number + 0.8)]
    marked = [column for column in frames if (inside[column] == -201.0).all()]
    print(f"{part}: always -201 in {marked or 'no column'}; mean pitch {inside[PITCH].mean():.1f}")
    assert marked == ([] if part == "vowel" else MARKED)
    assert (inside[PITCH] > 0).all() if part == "vowel" else (inside[PITCH] == 0).all()

column = frames[MARKED[0]]
voiced = column[column != -201.0]
spread = voiced.std() / column.std()
print(f"{MARKED[0]}, standardised over all frames: voiced frames have a standard deviation of {spread:.2f}")
assert spread < 0.2

pause = np.zeros(2 * RATE)
means = {}
for name, sound in {"vowel": vowel(1.0), "vowel between pauses": np.concatenate([pause, vowel(1.0), pause])}.items():
    clip = extract(sound, opensmile.FeatureLevel.Functionals).iloc[0]
    means[name] = clip[f"{PITCH}_amean"], clip[f"{MARKED[0]}_amean"]
    print(f"clip means, {name}: pitch {means[name][0]:.1f}, {MARKED[0]} {means[name][1]:.1f}")
alone, paused = means.values()
assert abs(alone[0] - paused[0]) < 0.5
assert alone[1] > 0 and paused[1] < -100
PYTHON
