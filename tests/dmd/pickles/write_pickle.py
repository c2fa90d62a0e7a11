"""Writes a tiny file in MMSA layout with whatever Python and NumPy run it (also Python 2).

The ``.pkl`` files beside this one were written by it, so that old formats are tested on real bytes:

    python2.7 write_pickle.py 0 python2_numpy116_protocol0.pkl      (numpy 1.16.6)
    python2.7 write_pickle.py 2 python2_numpy116_protocol2.pkl
    python3.8 write_pickle.py 2 python3_numpy124_protocol2.pkl      (numpy 1.24.4)
    python3.8 write_pickle.py 4 python3_numpy124_protocol4.pkl
    python3.8 write_pickle.py 5 python3_numpy124_protocol5.pkl
"""

import collections
import pickle
import sys

import numpy as np


def make_split(first, rows):
    """Unequal containers and dtypes on purpose: real releases differ in them."""
    language = np.arange(1, rows * 3 * 2 + 1, dtype=np.float64).reshape(rows, 3, 2) + first
    language[:, 2:] = 0.0  # two tokens each, right-padded
    audio = np.asfortranarray(np.arange(1, rows * 4 + 1, dtype=np.float32).reshape(rows, 4, 1))
    audio[0, 0, 0] = -np.inf
    vision = [np.full((5, 2), first + row + 1, dtype=">f4") for row in range(rows)]
    mask = np.zeros((rows, 3, 3), dtype=np.int64)
    mask[:, 1, :2] = 1
    return {
        "raw_text": [b"caf\xe9 ".decode("latin1") + str(row) for row in range(rows)],
        "id": np.array(["syn00" + str(first) + "$_$" + str(row) for row in range(rows)], dtype=object),
        "text": language,
        "text_bert": mask,
        "audio": audio,
        "vision": vision,
        "audio_lengths": [np.int64(4)] * rows,
        "vision_lengths": np.full(rows, 5),
        "annotations": np.array(["Neutral"] * rows),
        "classification_labels": [1] * rows,
        "regression_labels": [np.float64(row) / 2 for row in range(rows)],
        "seen": {"a", "b"},
    }


def make_content():
    """The file's content: an OrderedDict of three splits."""
    splits = [("train", make_split(0, 3)), ("valid", make_split(1, 2)), ("test", make_split(2, 2))]
    return collections.OrderedDict(splits)


if __name__ == "__main__":
    with open(sys.argv[2], "wb") as stream:
        pickle.dump(make_content(), stream, protocol=int(sys.argv[1]))
