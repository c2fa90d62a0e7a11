"""Token ids through a BERT in front of every method: what it computes, what it trains, what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel

from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.input_config import InputConfig, inactive_inputs
from dmd.data.dataset.missing_modalities import hide_missing
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.formats.planted import planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.dropout import SeededDropout, no_dropout
from dmd.errors import ConfigurationError, DataError, InputError
from dmd.job import Checkpointing, EpochReport, FoldRef, Job, JobResult, Setting
from dmd.models.bert_files import digest_bert, find_bert
from dmd.models.bert_text import BertText, load_bert
from dmd.registry import METHODS
from dmd.training.checkpoint import decode_state, take_up_state
from dmd.training.run import make_model, run_job, split_settings
from orchestration.process.atomic_files import write_whole
from tests.dmd.berts import WIDTH, save_tiny_bert
from tests.dmd.builders import TINY
from tests.dmd.data_builders import load_arrays
from tests.dmd.host_sync import NoHostWaits

SPEC = PlantedSpec(num_videos=6, clips_per_video=3)
FOLD = FoldRef("group", k=3, fold=0)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_bert(tmp_path_factory.mktemp("bert") / "tiny")


def content(seed: int = 0) -> dict[str, dict[str, Any]]:
    """Planted data whose words differ."""
    made = planted_dataset(SPEC)
    generator = np.random.default_rng(seed)
    for table in made.values():
        tokens = table["text_bert"]
        tokens[:, 0] = np.where(tokens[:, 1] == 1, generator.integers(110, 2000, tokens[:, 0].shape), 0)
    return made


DATASET = read_mmsa(content(), "planted")


def job(bert: Path, method: str = "dmd", **settings: Setting) -> Job:
    own = {"dmd": TINY}.get(method, {})
    common: dict[str, Setting] = {"text": "bert_ids", "bert.path": str(bert), "max_epochs": 2, "batch_size": 4}
    return Job(method, {**own, **common, **settings}, 1, FOLD, scores_test=True, keeps_details=True)


def model_of(bert: Path, dataset: Dataset = DATASET, **settings: Setting) -> BertText:
    asked = job(bert, **settings)
    model = make_model(asked, split_settings(asked.model, asked.settings), dataset)
    assert isinstance(model, BertText)
    return model


def token_batch(dataset: Dataset = DATASET) -> Batch:
    part = dataset.partition(FOLD, InputConfig(text="bert_ids")).train
    return whole_batch(part.inputs, part.labels)


def test_a_missing_text_is_blank_behind_bert_whatever_bert_makes_of_padding(bert: Path) -> None:
    model, batch = model_of(bert).eval(), token_batch()
    is_missing = torch.arange(len(batch)) % 2 == 0
    hidden = hide_missing(replace(batch, missing={"language": is_missing}))
    with torch.no_grad():
        before = model(hidden, no_dropout).prediction
        for parameter in model.bert.parameters():
            parameter += 0.1
        after = model(hidden, no_dropout).prediction
    assert torch.equal(before[is_missing], after[is_missing])
    assert not torch.isclose(before[~is_missing], after[~is_missing]).any()


def test_hidden_states_are_those_of_the_library(bert: Path) -> None:
    batch = token_batch()
    tokens, lengths = batch.features["language"], batch.lengths["language"]
    found = load_bert(bert, DATASET.require_tokens())(tokens, lengths, no_dropout)
    reference = BertModel.from_pretrained(bert, attn_implementation="eager").eval()
    expected = reference(
        input_ids=tokens[..., 0].long(), attention_mask=tokens[..., 1].long(), token_type_ids=tokens[..., 2].long()
    )
    torch.testing.assert_close(found, expected.last_hidden_state)
    assert found.shape == (*tokens.shape[:2], WIDTH)


def test_both_learning_rates_are_used_and_both_parts_move(bert: Path, tmp_path: Path) -> None:
    asked = job(bert, learning_rate=1e-3, **{"bert.learning_rate": 1e-5})
    before = {name: value.clone() for name, value in model_of(bert).state_dict().items()}
    rates: list[float] = []
    result = run_job(asked, DATASET, lambda report: len(rates) == 0, Checkpointing(tmp_path, write_whole))
    assert result.num_parameters > sum(p.numel() for p in load_bert(bert, DATASET.require_tokens()).parameters())
    saved = decode_state(take_up_state(tmp_path) or b"")
    after = saved["best"]
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    for prefix, rate in (("method.fusion.into", 1e-3), ("bert.model.encoder.layer.0.attention.self.query", 1e-5)):
        weight = f"{prefix}.weight"
        assert weight in moved
        # Adam moves an entry by at most about its learning rate in every step
        step = (after[weight] - before[weight]).abs().max().item() / saved["step"]
        assert rate / 10 < step < rate * 1.5, weight


def test_a_learning_rate_of_zero_freezes_bert_and_its_dropout(bert: Path) -> None:
    frozen = model_of(bert, **{"bert.learning_rate": 0.0})
    assert not any(parameter.requires_grad for parameter in frozen.bert.parameters())
    assert len(frozen.parameter_groups(1e-3)) == 1
    batch = token_batch()
    encoded = [frozen._encode(batch, dropout).features["language"] for dropout in (no_dropout, SeededDropout(0, 1))]
    assert torch.equal(*encoded)


def test_dropout_inside_bert_is_a_function_of_seed_and_step(bert: Path, tmp_path: Path) -> None:
    batch = token_batch()
    state = torch.get_rng_state()
    for changes in ({"hidden_dropout_prob": 0.0}, {"attention_probs_dropout_prob": 0.0}):
        path = save_tiny_bert(tmp_path / next(iter(changes)), **changes)
        reader = load_bert(path, DATASET.require_tokens())
        tokens, lengths = batch.features["language"], batch.lengths["language"]
        first, again, later, without = (
            reader(tokens, lengths, d)
            for d in (SeededDropout(3, 5), SeededDropout(3, 5), SeededDropout(3, 6), no_dropout)
        )
        assert torch.equal(first, again)
        assert not torch.allclose(first, later)
        assert not torch.allclose(first, without)
    assert torch.equal(torch.get_rng_state(), state), "no global generator is drawn from"


def curve(result: JobResult) -> list[Any]:
    return [dict(report.metrics) for report in result.epochs]


def test_a_continued_trial_equals_an_uninterrupted_one(bert: Path, tmp_path: Path) -> None:
    asked = job(bert, max_epochs=3, learning_rate=1e-2, **{"bert.learning_rate": 1e-3})
    whole = run_job(asked, DATASET, lambda report: True)

    def on_epoch(report: EpochReport) -> bool:
        return report.epoch < 2

    run_job(asked, DATASET, on_epoch, Checkpointing(tmp_path, write_whole))
    continued = run_job(asked, DATASET, lambda report: True, Checkpointing(tmp_path, write_whole))
    assert curve(continued) == curve(whole)
    assert continued.test == whole.test
    assert whole.test_details["common/language"].shape == (whole.num_test, TINY["width"])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reads_token_ids(bert: Path, method: str) -> None:
    asked = job(bert, method, max_epochs=1)
    result = run_job(asked, DATASET, lambda report: True)
    assert result.test is not None
    other = run_job(asked, read_mmsa(content(seed=1), "planted"), lambda report: True)
    model = make_model(asked, split_settings(method, asked.settings), DATASET)
    assert isinstance(model, BertText)
    assert (curve(other) != curve(result)) == ("language" in model.reads), "other words, other numbers"
    if not any(p.requires_grad for p in model.method.parameters()):
        assert model.is_frozen
        assert model.parameter_groups(1.0)[0].parameters == []


def test_what_stands_at_padding_changes_nothing(bert: Path) -> None:
    model, batch = model_of(bert), token_batch()
    # a text shorter than the kernel has one window, which reaches into padding
    batch = batch.take(torch.arange(len(batch))[batch.lengths["language"] >= TINY["kernel.language"]])
    tokens = batch.features["language"].clone()
    padded = torch.arange(tokens.shape[1]) >= batch.lengths["language"][:, None]
    assert padded.any()
    tokens[..., 0] = torch.where(padded, torch.full_like(tokens[..., 0], 7.0), tokens[..., 0])
    disturbed = replace(batch, features={**batch.features, "language": tokens})
    torch.testing.assert_close(model(disturbed, no_dropout).prediction, model(batch, no_dropout).prediction)
    torch.testing.assert_close(model(disturbed, no_dropout).loss, model(batch, no_dropout).loss)


def test_ids_are_neither_standardised_nor_clipped_and_the_rest_is_as_before() -> None:
    config = InputConfig(text="bert_ids")
    tokens, features = (DATASET.partition(FOLD, inputs).train.inputs for inputs in (config, InputConfig()))
    made = content()
    by_id = {str(item): table["text_bert"][row] for table in made.values() for row, item in enumerate(table["id"])}
    for row, item in enumerate(tokens.ids):
        assert np.array_equal(tokens.sequences["language"].values[row].T, by_id[item])
    assert np.array_equal(tokens.sequences["language"].lengths, features.sequences["language"].lengths)
    for modality in ("audio", "vision"):
        assert np.array_equal(tokens.sequences[modality].values, features.sequences[modality].values)


def test_hidden_language_has_no_tokens(bert: Path) -> None:
    asked = job(bert, modalities="audio+vision", max_epochs=1)
    model = make_model(asked, split_settings("dmd", asked.settings), DATASET)
    assert not isinstance(model, BertText)
    plain = job(bert, modalities="audio+vision", max_epochs=1, text="features")
    results = [run_job(each, DATASET, lambda report: True) for each in (asked, plain)]
    assert curve(results[0]) == curve(results[1])
    assert inactive_inputs({"text": "bert_ids", "modalities": "audio"}) == {"text", "bert.path", "bert.learning_rate"}
    assert inactive_inputs({"text": "features"}) == {"bert.path", "bert.learning_rate"}
    assert inactive_inputs({"text": "bert_ids"}) == frozenset()


@pytest.mark.parametrize(("device", "precision"), [("cpu", "bf16"), ("meta", "fp32")])
def test_no_operator_of_a_step_waits_for_its_device(bert: Path, device: str, precision: str) -> None:
    model, batch = model_of(bert, precision=precision).to(device), token_batch()
    there = Batch(
        {m: x.to(device) for m, x in batch.features.items()},
        {m: n.to(device) for m, n in batch.lengths.items()},
        batch.labels.to(device) if batch.labels is not None else None,
    )
    losses = [model(there, SeededDropout(0, 0)).loss]  # the first step may copy what all of them need
    with NoHostWaits(device):
        losses.append(model(there, SeededDropout(0, 1)).loss)
        assert losses[1] is not None
        torch.autograd.backward(losses[1])


def spoiled(bert: Path, folder: Path, what: str) -> Path:
    """A copy of the tiny BERT with one thing wrong."""
    path = folder / what.replace(" ", "-")
    if what == "no directory":
        return path
    shutil.copytree(bert, path)
    config, weights = path / "config.json", path / "model.safetensors"
    if what == "no config":
        config.unlink()
    elif what == "no weights":
        weights.rename(path / "pytorch_model.bin")
    elif what == "weights that are a pipe":
        weights.unlink()
        os.mkfifo(weights)
    elif what == "huge config":
        config.write_text(config.read_text() + " " * (1 << 21))
    elif what == "no json":
        config.write_text("{")
    elif what == "cut weights":
        weights.write_bytes(weights.read_bytes()[:500])
    elif what == "other weights":
        kept = {name: value for name, value in load_file(weights).items() if "layer.1" not in name}
        save_file(kept, weights, metadata={"format": "pt"})
    else:
        content = json.loads(config.read_text())
        content |= {
            "another type": {"model_type": "roberta"},
            "few words": {"vocab_size": 150},
            "few steps": {"max_position_embeddings": 8},
            "width of words": {"hidden_size": "x"},
            "labels of no kind": {"id2label": [1]},
            "labels without end": {"num_labels": 10**9},
            "layers without end": {"num_hidden_layers": 10**6},
        }[what]
        config.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no directory", r"^bert\.path: no directory '\S+no-directory' here; give one that holds config\.json"),
        ("no config", r"has no config\.json"),
        ("no weights", r"has no \*\.safetensors file \(pickled weights are not read\)"),
        ("no json", r"config\.json is no JSON"),
        ("another type", r"holds a model of type 'roberta'; the token ids are BERT's"),
        ("few words", r"knows 150 tokens, but the data hold token id 19\d\d"),
        ("few steps", r"reads at most 8 tokens, but texts here have 12"),
        ("cut weights", r"cannot be loaded"),
        ("weights that are a pipe", r"has no \*\.safetensors file"),
        ("huge config", r"config\.json is no JSON \(it is too large\)"),
        ("width of words", r"has a config\.json of no BERT \(.*hidden_size"),
        ("labels of no kind", r"has a config\.json of no BERT"),
        ("labels without end", r"asks for too much: num_labels"),
        ("layers without end", r"asks for too much: num_hidden_layers"),
        ("other weights", r"lacks 16 of BERT's weights, the first is encoder\.layer\.1"),
    ],
)
def test_what_is_no_bert_is_one_line(bert: Path, tmp_path: Path, what: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        model_of(spoiled(bert, tmp_path, what))
    assert len(str(caught.value).splitlines()) == 1


def test_a_name_of_the_hub_that_cannot_be_fetched_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def refuse(*arguments: object, **named: object) -> str:
        raise OSError("no route\nto host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(
        ConfigurationError, match=r"'bert-base-uncased' is no directory here and cannot be .*\(no route\); give"
    ):
        find_bert("bert-base-uncased")


def test_only_data_is_fetched_from_the_hub(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked: dict[str, Any] = {}

    def fetch(name: str, **named: Any) -> str:
        asked.update(named, name=name)
        return str(bert)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert find_bert("owner/model") == bert
    assert asked == {"name": "owner/model", "allow_patterns": ["config.json", "*.safetensors"]}


def test_a_directory_beside_the_data_is_found(bert: Path) -> None:
    assert find_bert(bert.name, bert.parent) == bert.parent / bert.name


def test_a_digest_is_of_the_content(bert: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bert, tmp_path / "elsewhere")
    (copy / "notes.txt").write_text("x")
    assert digest_bert(copy) == digest_bert(bert)
    assert digest_bert(save_tiny_bert(tmp_path / "other", seed=1)) != digest_bert(bert)
    assert digest_bert(save_tiny_bert(tmp_path / "dropout", hidden_dropout_prob=0.2)) != digest_bert(bert)


SPOILED_TOKENS: dict[str, Any] = {
    "valid/text_bert is missing": lambda table: table.pop("text_bert"),
    "valid/text_bert must hold whole numbers from 0 up": lambda table: table["text_bert"].__setitem__((0, 0, 0), -1),
    "valid/text_bert: the attention mask": lambda table: table["text_bert"].__setitem__((0, 1, slice(0, 1)), 0),
    "valid/text_bert holds 1.67772e\\+07": lambda table: table["text_bert"].__setitem__((0, 0, 0), 2**24),
}


@pytest.mark.parametrize("reason", SPOILED_TOKENS)
def test_data_without_usable_tokens_serve_features_and_refuse_ids(bert: Path, reason: str) -> None:
    made = content()
    SPOILED_TOKENS[reason](made["valid"])
    dataset = read_mmsa(made, "f.pkl")
    assert not dataset.has_tokens
    assert run_job(job(bert, text="features", max_epochs=1), dataset, lambda report: True).test is not None
    with pytest.raises(DataError, match=rf"^f\.pkl: `text: bert_ids` needs token ids, and {reason}") as caught:
        run_job(job(bert), dataset, lambda report: True)
    assert len(str(caught.value).splitlines()) == 1


def test_an_archive_may_hold_token_ids_too(tmp_path: Path) -> None:
    made = content()
    names = {"text": "text", "audio": "audio", "vision": "vision", "id": "id", "labels": "regression_labels"}
    names |= {"text_bert": "text_bert", "audio_lengths": "audio_lengths", "vision_lengths": "vision_lengths"}
    arrays = {f"{split}/{key}": np.asarray(table[name]) for split, table in made.items() for key, name in names.items()}
    for split, table in made.items():
        arrays[f"{split}/video"] = np.array([str(item).split("$_$")[0] for item in table["id"]])
    archived = load_arrays(tmp_path, arrays)
    assert archived.content_hash == DATASET.content_hash
    assert archived.require_tokens().digest == DATASET.require_tokens().digest
    assert DATASET.require_tokens().digest != read_mmsa(content(seed=1), "other").require_tokens().digest


def test_a_missing_extra_is_named(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install 'dmd-search\[bert\]'"):
        model_of(bert)


def test_the_library_is_not_loaded_where_no_text_is_read_by_it() -> None:
    program = "import sys, dmd.training.run; print(sorted({'transformers', 'huggingface_hub'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
