"""Every method by name. Adding one is its file and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from dmd.errors import ConfigurationError
from dmd.job import Setting
from dmd.layers.initialise import initialise
from dmd.models import dmd_config, median, mult_config, ridge, unimodal_config
from dmd.models.dmd import DMD
from dmd.models.dmd_presets import PRESETS
from dmd.models.method import Method, needs_no_modality
from dmd.models.model import Dims, Model
from dmd.models.mult import MulT
from dmd.models.unimodal import Unimodal
from dmd.settings import build_config

METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            "dmd",
            dmd_config.DMDConfig,
            DMD,
            components=dmd_config.COMPONENTS,
            presets=PRESETS,
            find_conflict=dmd_config.find_conflict,
            inactive=dmd_config.inactive_settings,
        ),
        Method(
            "mult",
            mult_config.MulTConfig,
            MulT,
            components=mult_config.COMPONENTS,
            presets=mult_config.PRESETS,
            find_conflict=mult_config.find_conflict,
            inactive=mult_config.inactive_settings,
        ),
        Method(
            "unimodal",
            unimodal_config.UnimodalConfig,
            Unimodal,
            components=unimodal_config.COMPONENTS,
            presets={"paper": {}},
            find_conflict=unimodal_config.find_conflict,
            inactive=unimodal_config.inactive_settings,
            needs=unimodal_config.needed_modalities,
        ),
        Method(
            "ridge",
            ridge.RidgeConfig,
            ridge.Ridge,
            training=ridge.TRAINING,
            inactive=ridge.inactive_settings,
            needs=needs_no_modality,
        ),
        Method(
            "median",
            median.MedianConfig,
            median.Median,
            training=median.TRAINING,
            inactive=median.inactive_settings,
            needs=needs_no_modality,
        ),
    )
}


def find_method(name: str) -> Method:
    """The method of that name; ConfigurationError lists the known ones."""
    if name not in METHODS:
        raise ConfigurationError(f"no method {name!r}; known: {', '.join(METHODS)}")
    return METHODS[name]


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
    model = method.build(build_config(method.config, settings, name), dims)
    initialise(model, seed)
    return model
