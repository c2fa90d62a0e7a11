"""Which of MMSA's methods stands beside which of ours, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.peer_mmsa.worker.conversion import SIDES, Side


@dataclass(frozen=True)
class Pair:
    """One comparison.

    Attributes:
        theirs: MMSA's name of the method.
        sides: that their data are padded on; the left one alone helps where padding is read as data.
        learns: whether what is learned is compared, or only what a step costs.
        as_sequences: whether theirs is trained once more on audio and vision as they are: its configuration averages
            them over time, so that its recurrent networks read one vector again and again.
    """

    theirs: str
    sides: tuple[Side, ...] = SIDES
    learns: bool = True
    as_sequences: bool = False


PAIRS: Mapping[str, Pair] = {
    "lmf": Pair("lmf"),
    "lf_lstm": Pair("lf_dnn"),  # MMSA has no LF-LSTM; tables report this one in its place
    "ef_lstm": Pair("ef_lstm"),
    "mfn": Pair("mfn", as_sequences=True),
    "mfm": Pair("mfm"),
    "misa": Pair("misa", sides=("right",)),  # reads lengths, and counts them from the first step
    "graph_mfn": Pair("graph_mfn"),
    "tfn": Pair("tfn"),
    "mult": Pair("mult"),
    "mctn": Pair("mctn", learns=False),  # theirs stays at the constant, and is not what its paper describes
}
"""By our name, the quick ones first."""
