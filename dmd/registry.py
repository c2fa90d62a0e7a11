"""Every method by name. Adding one is its file and its line here."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from dmd.baselines import (
    ef_lstm,
    fdmer,
    graph_mfn,
    lf_dnn,
    lf_lstm,
    lmf,
    mctn,
    mfm,
    mfn,
    mica,
    misa,
    pmr,
    raven,
    recurrent,
    tfn,
)
from dmd.baselines.multitask import mlf_dnn, mlmf, mtfn
from dmd.declaration.component import KeptHeads
from dmd.declaration.dims import Dims
from dmd.declaration.method import Method, needs_no_modality
from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.layers.initialise import initialise
from dmd.models import dmd_config, median, mult_config, ridge, unimodal_config
from dmd.models.backbone_config import find_size_conflict
from dmd.models.dmd import DMD
from dmd.models.dmd_presets import PRESETS
from dmd.models.model import Model
from dmd.models.mult import MulT
from dmd.models.plain_module import PlainModule
from dmd.models.unimodal import Unimodal
from dmd.settings import build_config, flatten

METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            "dmd",
            dmd_config.DMDConfig,
            DMD,
            label="DMD",
            description="Decoupled multimodal distilling (Li, Wang and Cui, CVPR 2023).",
            components=dmd_config.COMPONENTS,
            losses=dmd_config.LOSSES,
            published=dmd_config.PUBLISHED,
            kept_heads=dmd_config.KEPT_HEADS,
            presets=PRESETS,
            find_conflict=find_size_conflict,
            search=dmd_config.SEARCH,
            inactive=dmd_config.inactive_settings,
        ),
        Method(
            "mult",
            mult_config.MulTConfig,
            MulT,
            label="MulT",
            description="Multimodal transformer (Tsai et al., ACL 2019), on request with graph distillation.",
            components=mult_config.COMPONENTS,
            losses=mult_config.LOSSES,
            kept_heads=KeptHeads("keep_aux_heads", ("gd",), effect="distillation"),
            presets=mult_config.PRESETS,
            find_conflict=find_size_conflict,
            search=mult_config.SEARCH,
            inactive=mult_config.inactive_settings,
        ),
        Method(
            "unimodal",
            unimodal_config.UnimodalConfig,
            Unimodal,
            description="One modality alone: projection, self-attention encoder, linear layer.",
            components=unimodal_config.COMPONENTS,
            losses=unimodal_config.LOSSES,
            presets={"paper": {}},
            find_conflict=unimodal_config.find_conflict,
            search=unimodal_config.SEARCH,
            inactive=unimodal_config.inactive_settings,
            needs=unimodal_config.needed_modalities,
        ),
        Method(
            "ridge",
            ridge.RidgeConfig,
            ridge.Ridge,
            description="Ridge on pooled features, of classes logistic; the penalty is chosen on validation.",
            training=ridge.TRAINING,
            inactive=ridge.inactive_settings,
            needs=needs_no_modality,
        ),
        Method(
            "median",
            median.MedianConfig,
            median.Median,
            description="Always answers with the training median, or with how often classes occur in training.",
            training=median.TRAINING,
            inactive=median.inactive_settings,
            needs=needs_no_modality,
        ),
        ef_lstm.METHOD,
        lf_lstm.METHOD,
        lf_dnn.METHOD,
        tfn.METHOD,
        lmf.METHOD,
        mfn.METHOD,
        mfm.METHOD,
        graph_mfn.METHOD,
        misa.METHOD,
        recurrent.METHOD,
        raven.METHOD,
        mctn.METHOD,
        fdmer.METHOD,
        pmr.METHOD,
        mica.METHOD,
        mlf_dnn.METHOD,
        mtfn.METHOD,
        mlmf.METHOD,
    )
}


_of_plugins: dict[str, Method] = {}
"""The methods of the user's own files that this process has been told to use."""


def use_methods(methods: Mapping[str, Method]) -> None:
    """From now on these, and no others, are known beside the package's own."""
    _of_plugins.clear()
    _of_plugins.update(methods)


def known_methods() -> Mapping[str, Method]:
    """The package's own methods, then those of plugins, by name."""
    return {**METHODS, **_of_plugins}


def find_method(name: str) -> Method:
    """The method of that name; ConfigurationError names the nearest, or the known ones."""
    known = known_methods()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        raise ConfigurationError(f"no method {name!r}; {hint}")
    return known[name]


def build_model(name: str, settings: Mapping[str, Setting], dims: Dims, seed: int) -> Model:
    """A model with its initial values set by (seed, parameter name).

    Args:
        name: of a registered method.
        settings: flat settings of the method.
        dims: widths and steps of the data.
        seed: of the initial values.

    Raises:
        ConfigurationError: a setting is unknown or breaks a rule.
    """
    method = find_method(name)
    config: Any = build_config(method.settings, settings, name)
    if method.is_plain:
        return PlainModule(method, config, flatten(config), dims, seed)
    model = method.build(config, dims)
    assert isinstance(model, Model)
    initialise(model, seed)
    return model
