"""Whether our memory networks compute what MMSA's compute: the same weights, the same clips, no dropout.

Clips have all their steps, because MMSA reads padding as data. Graph-MFN is not among them: its networks differ (the
package's graph is linear, and its vertices are not trained). Of MFM's loss the discrepancy, which draws noise, is left
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.peer_mmsa.pairs import PAIRS
from benchmarks.peer_mmsa.peer import Peer
from benchmarks.peer_mmsa.worker.conversion import MODALITIES as THEIR_MODALITIES
from benchmarks.zoo.steps import PUBLISHED
from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.declaration.dims import Dims
from dmd.dropout import no_dropout
from dmd.errors import InputError
from dmd.job import FoldRef
from dmd.modalities import MODALITIES, Modality
from dmd.models.plain_module import TASK, PlainModule
from dmd.registry import build_model
from dmd.training.run import split_settings

NAMES = ("mfn", "mfm")
ROWS = 32
LETTERS: Mapping[Modality, str] = {"language": "l", "audio": "a", "vision": "v"}


def compare_computed(peer: Peer, name: str, dataset: Dataset, scratch: Path) -> dict[str, float]:
    """The largest differences of prediction, loss and gradients, each relative to its largest value.

    Raises PeerFailed, and InputError where too few clips have all their steps.
    """
    model, batch = _ours(name, dataset)
    outputs = model(batch, no_dropout)
    loss = outputs.terms[TASK] + sum(
        weight * outputs.terms[term].mean() for term, weight in model.weights.items() if term.startswith("generate_")
    )
    torch.autograd.backward(loss)
    weights = dict(model.module.named_parameters())
    clips = {theirs: batch.features[ours] for ours, theirs in zip(MODALITIES, THEIR_MODALITIES, strict=True)}
    torch.save({"weights": dict(in_their_words(name, weights)), "clips": clips, "labels": batch.labels}, scratch / "in")
    peer.ask("compute", method=PAIRS[name].theirs, given=str(scratch / "in"), found=str(scratch / "out"))
    theirs = torch.load(scratch / "out")
    # what only the discrepancy trains has none
    gradients = {ours: p.grad for ours, p in weights.items() if p.grad is not None}
    pairs = [(ours, theirs["gradients"][word]) for word, ours in in_their_words(name, gradients)]
    largest = max(float(their.abs().max()) for _, their in pairs)
    return {
        "prediction": _difference(outputs.prediction, theirs["prediction"]),
        "loss": _difference(loss, theirs["loss"]),
        "gradient": max(float((ours - their).abs().max()) for ours, their in pairs) / largest,
    }


def _ours(name: str, dataset: Dataset) -> tuple[PlainModule, Batch]:
    settings = split_settings(name, {"preset": PUBLISHED})
    part = dataset.partition(FoldRef("official"), settings.inputs).train
    steps = dataset.layout(settings.inputs).num_steps
    whole = whole_batch(part.inputs, part.labels)
    full = torch.stack([whole.lengths[m] == steps["language"] for m in MODALITIES]).all(0)
    rows = full.nonzero().flatten()[:ROWS]
    if len(rows) < ROWS:
        raise InputError(f"{len(rows)} clips of the training part have all their steps; this takes {ROWS}")
    model = build_model(name, settings.settings, Dims(dataset.widths, steps, dataset.target), 0)
    assert isinstance(model, PlainModule)
    return model.eval(), replace(whole.take(rows), rows=rows, epoch=1)


def in_their_words(name: str, ours: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Our parameters, or what has their shapes, under MMSA's names and in the order of its gates."""
    words = dict(_words_of(name))
    for own, value in ours.items():
        place, _, leaf = own.rpartition(".")
        their, product = words[place]
        yield f"{their}.{leaf.removesuffix('_l0')}{product}", _in_torch_order(value) if product else value


def _words_of(name: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Place of a parameter in ours -> in theirs, and which of a cell's two products it is, where it is one."""
    inner = "" if name == "mfn" else "mfn_encoder."
    networks = {
        "fusion.attention.score": f"{inner}att1",
        "fusion.memory.candidate": f"{inner}att2",
        "fusion.memory.keep": f"{inner}gamma1",
        "fusion.memory.write": f"{inner}gamma2",
    }
    cells = {f"fusion.system.lstms.{m}": f"{inner}lstm_{k}" for m, k in LETTERS.items()}
    if name == "mfn":
        networks["output"] = "out"
    else:
        networks |= {"shared_factor.network": "zy_to_fy", "output": "fy_to_y"}
        networks |= {f"factors.{m}.network": f"z{k}_to_f{k}" for m, k in LETTERS.items()}
        cells |= {f"generators.{m}": f"decoder_{k}.lstm" for m, k in LETTERS.items()}
        yield "shared", ("last_to_zy_fc1", "")
        for m, k in LETTERS.items():
            yield f"encoders.{m}.states.cells", (f"encoder_{k}.lstm", "")
            yield f"encoders.{m}.out", (f"encoder_{k}.fc1", "")
            yield f"generators.{m}.out", (f"decoder_{k}.fc1", "")
    for own, their in networks.items():
        yield from ((f"{own}.into", (f"{their}_fc1", "")), (f"{own}.out", (f"{their}_fc2", "")))
    for own, their in cells.items():
        yield from ((f"{own}.into", (their, "_ih")), (f"{own}.again", (their, "_hh")))


def _in_torch_order(value: Tensor) -> Tensor:
    """Ours has the candidate before the three gates, PyTorch the output gate's alone behind it."""
    candidate, into, keep, out = value.chunk(4)
    return torch.cat([into, keep, candidate, out])


def _difference(ours: Tensor, theirs: Tensor) -> float:
    return float(((ours - theirs).abs().max() / theirs.abs().max()).detach())
