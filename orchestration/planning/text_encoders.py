"""Text encoders: digests of token ids and of BERT's weights, which decide results of trials that read token ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.input_config import InputConfig
from dmd.errors import ConfigurationError
from dmd.models.bert_files import digest_bert, find_bert
from dmd.settings import build_config, fields_of
from orchestration.node_setup.shipped_files import ShippedBert
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.settings import full_settings
from search_spaces.schema.distributions import Choice
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.trial import Arm, Value

TEXT, PATH = "text", "bert.path"


@dataclass(frozen=True)
class TextEncoders:
    """What token ids are read with.

    Attributes:
        token_ids: digest of the ids.
        transformers: version of the library.
        berts: every BERT that an arm or a search names.
    """

    token_ids: str
    transformers: str
    berts: tuple[ShippedBert, ...]

    def as_dict(self) -> dict[str, str]:
        """Name -> digest of everything."""
        known = {f"{PATH} {bert.path}": bert.digest for bert in self.berts}
        return {"token_ids": self.token_ids, "transformers": self.transformers, **known}


def find_encoders(
    arms: Sequence[Arm],
    searches: Mapping[str, ArmSearch],
    catalogue: Catalogue,
    dataset: Dataset,
    beside: Path | None,
) -> TextEncoders | None:
    """What some arm's token ids are read with; None where none reads them.

    Every BERT that an arm or a search names is looked for here, so that a missing one is found before anything starts.

    Args:
        arms: that are trained.
        searches: arm name -> what is searched for it.
        catalogue: the methods.
        dataset: the data.
        beside: the folder in which relative paths are looked up besides the current one; None: none.

    Raises:
        ConfigurationError: for a BERT that is missing, or that no arm would read.
        DataError: for data without token ids.
    """
    paths: set[str] = set()
    for arm in arms:
        method = catalogue.methods[arm.model]
        settings = full_settings(method, arm.settings)
        for text in _values(TEXT, settings, searches[arm.name]):
            named = {**{part.name: settings[part.name] for part in fields_of(InputConfig)}, TEXT: text}
            if build_config(InputConfig, named, arm.name).reads_tokens:
                paths |= {str(path) for path in _values(PATH, settings, searches[arm.name])}
    if not paths:
        _require_no_path(arms)
        return None
    places = {path: find_bert(path, beside).absolute() for path in sorted(paths)}
    berts = tuple(ShippedBert(path, place, digest_bert(place)) for path, place in places.items())
    return TextEncoders(dataset.require_tokens().digest, version("transformers"), berts)


def _require_no_path(arms: Sequence[Arm]) -> None:
    """A BERT that is named and never read is a mistake: results would be taken for its."""
    if any(PATH in arm.settings for arm in arms):
        raise ConfigurationError(f"{PATH}: has no effect, as no arm reads token ids; add `text: bert_ids`")


def _values(name: str, settings: Mapping[str, Value], search: ArmSearch) -> tuple[Value, ...]:
    """What the setting may be in this arm: the options that are searched, else the one value it has."""
    searched = search.parameters.get(name)
    return searched.options if isinstance(searched, Choice) else (settings[name],)
