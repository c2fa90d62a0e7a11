"""Our ``mult`` beside the code that MulT's authors published (yaohungt/Multimodal-Transformer), module by module.

    python -m benchmarks.peer_mult --checkout PATH [--data FILE ...] [--data-dir DIR]

PATH is a checkout that you bring; nothing of it is installed or copied. Both networks get the same weights and the same
batch of the file, without dropout: predictions, the L1 loss and the gradient of every weight are compared. Ours is put
into the position of their code (kernels of one step, padding seen, the last position read, the future masked). The last
line is JSON: the largest difference of each, relative to the largest value, by file; and, of what ``align: end`` with
masked padding (the defaults) changes of the same predictions, the mean absolute change.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import open_dataset
from dmd.declaration.dims import Dims
from dmd.dropout import no_dropout
from dmd.errors import InputError
from dmd.job import FoldRef, Setting
from dmd.modalities import MODALITIES, Modality
from dmd.models.model import Model
from dmd.registry import build_model
from dmd.training.run import JobSettings, split_settings

WIDTH, HEADS, LEVELS = 30, 5, 4
"""The first is written into their model, the others are their defaults for CMU-MOSI."""
ROWS = 32
KERNELS: Mapping[str, Setting] = {f"kernel.{m}": 1 for m in MODALITIES}
SIZES: Mapping[str, Setting] = {"width": WIDTH, "heads": HEADS, "levels": LEVELS, **KERNELS}
AS_THEIRS: Mapping[str, Setting] = {"align": "file", "mask_padding": False, "pool": "last", "causal": True}
LETTERS: Mapping[Modality, str] = {"language": "l", "audio": "a", "vision": "v"}
LAYERS = {
    "attention_norm": "layer_norms.0",
    "feed_forward_norm": "layer_norms.1",
    "out": "self_attn.out_proj",
    "widen": "fc1",
    "narrow": "fc2",
}


def require_checkout(path: Path) -> None:
    """Raises InputError where ``path`` is no checkout of their repository."""
    if not (path / "src" / "models.py").is_file() or not (path / "modules" / "transformer.py").is_file():
        raise InputError(
            f"--checkout {path}: no checkout of yaohungt/Multimodal-Transformer (src/models.py or "
            "modules/transformer.py is missing); clone their repository and name its folder"
        )


def load_theirs(path: Path, dims: Dims) -> nn.Module:
    """Their model, untrained."""
    rates = ("attn_dropout", "attn_dropout_a", "attn_dropout_v", "relu_dropout", "res_dropout", "out_dropout")
    arguments = {
        **{f"orig_d_{LETTERS[m]}": dims.widths[m] for m in MODALITIES},
        **{f"{letter}only": True for letter in LETTERS.values()},
        **dict.fromkeys((*rates, "embed_dropout"), 0.0),
    }
    with patch.object(sys, "path", [str(path), *sys.path]):
        model = importlib.import_module("src.models").MULTModel
        _let_positions_run(importlib.import_module("modules.position_embedding"))
        built: nn.Module = model(
            SimpleNamespace(**arguments, num_heads=HEADS, layers=LEVELS, attn_mask=True, output_dim=1)
        )
    return built


def _let_positions_run(module: ModuleType) -> None:
    """Their positions are viewed as one row, which today's ``clone`` of a transposed tensor no longer allows."""
    published = module.make_positions
    module.make_positions = lambda *arguments: published(*arguments).contiguous()  # type: ignore[attr-defined]


def pairs_of_weights(ours: nn.Module, theirs: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Every parameter of ours, or its share of one branch, beside the parameter of theirs that it is."""
    mine, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    for m in MODALITIES:
        yield mine[f"projection.conv.{m}.weight"], other[f"proj_{LETTERS[m]}.weight"]
    pairs = [(target, source) for target in MODALITIES for source in MODALITIES if source != target]
    crossmodal = [f"trans_{LETTERS[target]}_with_{LETTERS[source]}" for target, source in pairs]
    memory = [f"trans_{LETTERS[m]}_mem" for m in MODALITIES]
    for group, encoders in (("crossmodal", crossmodal), ("memory", memory)):
        for branch, encoder in enumerate(encoders):
            for name, value in mine.items():
                prefix = f"crossmodal_attention.{group}."
                if name.startswith(prefix):
                    yield value[branch], _theirs_of(name.removeprefix(prefix), encoder, other)
    for own, its in (("into", "proj1"), ("back", "proj2"), ("out", "out_layer")):
        for kind in ("weight", "bias"):
            yield mine[f"fusion.{own}.{kind}"], other[f"{its}.{kind}"]


def _theirs_of(name: str, encoder: str, other: Mapping[str, Tensor]) -> Tensor:
    """The parameter of one of their encoders that ours calls ``name``: theirs has queries, keys and values as one."""
    *place, kind = name.split(".")
    if place == ["norm"]:
        return other[f"{encoder}.layer_norm.{kind}"]
    _, level, part = place
    if part in LAYERS:
        return other[f"{encoder}.layers.{level}.{LAYERS[part]}.{kind}"]
    joined = other[f"{encoder}.layers.{level}.self_attn.in_proj_{kind}"]
    width = len(joined) // 3
    return joined[:width] if part == "query" else joined[width:]


def compare(dataset: Dataset, path: Path) -> dict[str, float]:
    """The largest differences, relative to the largest value, on the first clips of the training part of fold 0."""
    settings = split_settings("mult", {**SIZES, **AS_THEIRS})
    batch = _first_clips(dataset, settings)
    dims = Dims(dataset.widths, dataset.layout(settings.inputs).num_steps)
    ours, theirs = build_model("mult", settings.settings, dims, 0), load_theirs(path, dims)
    with torch.no_grad():
        for own, its in pairs_of_weights(ours, theirs):
            its.copy_(own.view_as(its))
    output = ours(batch, no_dropout)
    prediction = theirs(*(batch.features[m] for m in MODALITIES))[0].squeeze(-1)
    assert batch.labels is not None
    assert output.loss is not None
    loss = (prediction - batch.labels).abs().mean()
    torch.autograd.backward([output.loss, loss])
    found = {"prediction": _difference(output.prediction, prediction), "loss": _difference(output.loss, loss)}
    return found | {
        "gradient": _largest_of_gradients(ours, theirs),
        "default_mean_change": _change_by_defaults(dataset, ours, batch, output.prediction),
    }


def _largest_of_gradients(ours: nn.Module, theirs: nn.Module) -> float:
    """Those of keys' biases are 0 but for rounding: no gradient counts as smaller than a thousandth of the largest."""
    of_ours, of_theirs = (_Gradients(model) for model in (ours, theirs))
    pairs = [(own, its.view_as(own)) for own, its in pairs_of_weights(of_ours, of_theirs)]
    least = 1e-3 * max(float(its.abs().max()) for _, its in pairs)
    return max(float((own - its).abs().max()) / max(float(its.abs().max()), least) for own, its in pairs)


class _Gradients(nn.Module):
    """The gradients of a model's parameters under the names of the parameters."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._of = model

    def named_parameters(self, *arguments: Any, **named: Any) -> Iterator[tuple[str, Any]]:
        return ((name, parameter.grad) for name, parameter in self._of.named_parameters(*arguments, **named))


def _change_by_defaults(dataset: Dataset, ours: Model, batch: Batch, prediction: Tensor) -> float:
    settings = split_settings("mult", dict(SIZES))
    dims = Dims(dataset.widths, dataset.layout(settings.inputs).num_steps)
    default = build_model("mult", settings.settings, dims, 0)
    default.load_state_dict(ours.state_dict())
    changed = default(_first_clips(dataset, settings), no_dropout).prediction
    return float((changed - prediction).abs().mean().detach())


def _first_clips(dataset: Dataset, settings: JobSettings) -> Batch:
    part = dataset.partition(FoldRef("file", fold=0), settings.inputs).train
    return whole_batch(part.inputs, part.labels).take(torch.arange(ROWS))


def _difference(ours: Tensor, theirs: Tensor) -> float:
    return float(((ours - theirs).abs().max() / theirs.abs().max()).detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True, help="a checkout of yaohungt/Multimodal-Transformer")
    parser.add_argument("--data", nargs="+", default=["mosi_heldout_ctx10.npz", "mosi_heldout_unaligned.npz"])
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("DMD_DATA_DIR"), help="or DMD_DATA_DIR")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        require_checkout(options.checkout)
        found = {name: compare(open_dataset(name, options.data_dir), options.checkout) for name in options.data}
    except InputError as error:
        print(f"peer_mult: {error}", file=sys.stderr)
        sys.exit(2)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
