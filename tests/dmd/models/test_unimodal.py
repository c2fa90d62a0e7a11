"""One modality alone: it sees no other, has the parameters of its parts, and FD adds decoupling and nothing else."""

from __future__ import annotations

import pytest
import torch

from dmd.data.dataset.batches import Batch
from dmd.dropout import no_dropout
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.modalities import MODALITIES, Modality
from dmd.models.model import Model, Outputs
from dmd.models.unimodal_config import UnimodalConfig, find_conflict, inactive_settings
from dmd.registry import build_model
from dmd.settings import fields_of
from tests.dmd.builders import make_batch, make_dims

WIDTHS, KERNELS, D = (5, 3, 4), (2, 3, 1), 8
DIMS = make_dims(WIDTHS)
BATCH = make_batch(DIMS, 7)
TINY: dict[str, Setting] = {"width": D, "heads": 2, "levels": 1}
TINY |= {f"kernel.{m}": kernel for m, kernel in zip(MODALITIES, KERNELS, strict=True)}


def tiny(**settings: Setting) -> Model:
    return build_model("unimodal", {**TINY, **settings}, DIMS, 0)


def run(model: Model, batch: Batch = BATCH) -> Outputs:
    outputs: Outputs = model(batch, no_dropout)
    return outputs


def defaults(**settings: Setting) -> dict[str, Setting]:
    return {**{part.name: part.default for part in fields_of(UnimodalConfig)}, **TINY, **settings}


@pytest.mark.parametrize("fd", [False, True])
@pytest.mark.parametrize("modality", MODALITIES)
def test_only_its_modality_can_change_anything(modality: Modality, fd: bool) -> None:
    model = tiny(modality=modality, fd=fd)
    assert model.reads == (modality,)
    before = run(model)
    for m in MODALITIES:
        features = {**BATCH.features, m: torch.randn_like(BATCH.features[m])}
        lengths = {**BATCH.lengths, m: torch.full_like(BATCH.lengths[m], BATCH.features[m].shape[1])}
        after = run(model, Batch(features, lengths, BATCH.labels))
        assert torch.equal(after.prediction, before.prediction) == (m != modality)
        assert after.loss is not None
        assert before.loss is not None
        assert torch.equal(after.loss, before.loss) == (m != modality)


@pytest.mark.parametrize(("modality", "width", "kernel"), list(zip(MODALITIES, WIDTHS, KERNELS, strict=True)))
def test_it_has_the_parameters_of_its_parts(modality: Modality, width: int, kernel: int) -> None:
    # projection, one encoder layer (12 w^2 + 13 w) with its final norm (2 w), linear head
    alone = width * kernel * D + (12 * D**2 + 13 * D) + 2 * D + D + 1
    for fd, expected in ((False, alone), (True, alone + 4 * D**2)):  # two encoders d x d, one decoder 2d x d
        assert sum(p.numel() for p in tiny(modality=modality, fd=fd).parameters()) == expected


def test_fd_adds_three_terms_and_no_margin() -> None:
    plain, decoupled = run(tiny()), run(tiny(fd=True))
    assert set(plain.terms) == {"task/final"}
    assert set(decoupled.terms) == {"task/final", "rec", "cyc", "ort"}
    assert plain.loss is not None
    assert torch.equal(plain.loss, plain.terms["task/final"])


def test_the_loss_with_fd_is_equations_six_and_eleven_without_the_margin() -> None:
    outputs = run(tiny(fd=True, lambda1=0.7, gamma=0.3))
    t = {name: term.item() for name, term in outputs.terms.items()}
    assert outputs.loss is not None
    expected = t["task/final"] + 0.7 * (t["rec"] + t["cyc"] + 0.3 * t["ort"])
    assert outputs.loss.item() == pytest.approx(expected, rel=1e-6)


def with_encoders(common: float, exclusive: float) -> Model:
    """FD with both encoders a multiple of the identity, and a decoder that gives back the exclusive part."""
    model, eye = tiny(fd=True, modality="vision"), torch.eye(D)
    weights = {"common": common * eye, "exclusive": exclusive * eye, "decoder": torch.cat([eye, 0 * eye], dim=1)}
    model.load_state_dict({f"decoupling.{name}.weight": weight for name, weight in weights.items()}, strict=False)
    return model


def test_what_is_regressed_is_the_common_part() -> None:
    plain = run(tiny(modality="vision")).prediction
    assert torch.equal(run(with_encoders(1.0, 5.0)).prediction, plain)
    assert not torch.allclose(run(with_encoders(2.0, 1.0)).prediction, plain)


def test_the_terms_of_decoupling_by_hand() -> None:
    """With E^prt x = 3x and D = its first half: rec = (x - 3x)^2 = 4 x^2 and cyc = (3x - 9x)^2 = 36 x^2 on average."""
    parallel, opposite = run(with_encoders(1.0, 3.0)).terms, run(with_encoders(-1.0, 3.0)).terms
    assert parallel["rec"].item() > 0
    assert parallel["cyc"].item() == pytest.approx(9 * parallel["rec"].item(), rel=1e-5)
    assert parallel["ort"].item() == pytest.approx(1.0, rel=1e-5)
    assert opposite["ort"].item() == 0.0


def test_the_task_loss_is_the_mean_absolute_error() -> None:
    outputs = run(tiny())
    assert BATCH.labels is not None
    torch.testing.assert_close(outputs.terms["task/final"], (outputs.prediction - BATCH.labels).abs().mean())


@pytest.mark.parametrize("fd", [False, True])
def test_every_parameter_is_trained_and_padding_is_ignored(fd: bool) -> None:
    model = tiny(fd=fd, modality="audio")
    outputs = run(model)
    assert outputs.loss is not None
    outputs.loss.backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())
    x, lengths = BATCH.features["audio"], BATCH.lengths["audio"].clamp(min=KERNELS[1])
    padding = (torch.arange(x.shape[1]) >= lengths[:, None]).unsqueeze(-1)
    clean, noisy = (
        run(
            model,
            Batch(
                {**BATCH.features, "audio": torch.where(padding, fill, x)},
                {**BATCH.lengths, "audio": lengths},
                BATCH.labels,
            ),
        )
        for fill in (torch.zeros_like(x), torch.full_like(x, 9.0))
    )
    torch.testing.assert_close(noisy.prediction, clean.prediction)
    torch.testing.assert_close(noisy.loss, clean.loss)


def test_the_pair_of_a_seed_shares_what_both_have() -> None:
    plain, decoupled = (dict(tiny(fd=fd).named_parameters()) for fd in (False, True))
    assert set(decoupled) - set(plain) == {f"decoupling.{name}.weight" for name in ("common", "exclusive", "decoder")}
    assert all(torch.equal(plain[name], decoupled[name]) for name in plain)


def test_its_common_features_are_shown() -> None:
    shown = tiny(fd=True, modality="vision").inspect(BATCH)
    assert {name: tuple(x.shape) for name, x in shown.items()} == {
        "common/vision": (7, D),
        "exclusive/vision": (7, D),
    }
    assert dict(tiny().inspect(BATCH)) == {}


def test_hiding_its_only_modality_is_refused() -> None:
    assert find_conflict(defaults(modality="audio", modalities="audio+vision")) is None
    conflict = find_conflict(defaults(modality="audio", modalities="language+vision"))
    assert conflict == "the model reads audio alone, which modalities=language+vision hides"
    with pytest.raises(ConfigurationError, match="unimodal: width must be even"):
        tiny(width=7)


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("fd", [False, True])
def test_inactive_settings_change_nothing_and_active_ones_do(modality: Modality, fd: bool) -> None:
    inactive = inactive_settings(defaults(modality=modality, fd=fd))
    changed: dict[str, Setting] = {"gamma": 0.9, "lambda1": 0.9, "ort.form": "squared", "recon.reduction": "sum"}
    changed |= {f"kernel.{m}": 4 for m in MODALITIES}
    before = run(tiny(modality=modality, fd=fd)).loss
    assert before is not None
    for name, value in changed.items():
        after = run(tiny(**{"modality": modality, "fd": fd, name: value})).loss
        assert after is not None
        assert torch.equal(before, after) == (name in inactive), name
    assert {name for name in inactive if name.startswith("dropout.attention.")} == {
        f"dropout.attention.{m}" for m in MODALITIES if m != modality
    }
    assert ("dropout.text" in inactive) == (modality != "language")
