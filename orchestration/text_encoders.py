"""What decides the results of trials that read token ids, besides their settings: the ids, and each BERT's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from dmd.data.dataset import Dataset
from dmd.data.input_config import InputConfig
from dmd.errors import ConfigurationError
from dmd.models.bert_files import digest_bert, find_bert
from dmd.settings import build_config, fields_of
from search_spaces.catalogue import Catalogue
from search_spaces.distributions import Choice
from search_spaces.searches import ArmSearch
from search_spaces.settings import full_settings
from search_spaces.trial import Arm, Value

TEXT, PATH = "text", "bert.path"


def fingerprint_encoders(
    arms: Sequence[Arm],
    searches: Mapping[str, ArmSearch],
    catalogue: Catalogue,
    dataset: Dataset,
    beside: Path | None,
) -> dict[str, str]:
    """Name -> digest of everything that some arm's token ids are read with; empty where none reads them.

    Every BERT that an arm or a search names is looked for here, so that a missing one is found before anything starts.
    Raises ConfigurationError for one that is missing or that nothing would read, DataError for data without token ids.
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
        return {}
    known = {f"{PATH} {path}": digest_bert(find_bert(path, beside)) for path in sorted(paths)}
    return {"token_ids": dataset.require_tokens().digest, "transformers": version("transformers"), **known}


def _require_no_path(arms: Sequence[Arm]) -> None:
    """A BERT that is named and never read is a mistake: results would be taken for its."""
    if any(PATH in arm.settings for arm in arms):
        raise ConfigurationError(f"{PATH}: has no effect, as no arm reads token ids; write `text: bert_ids` beside it")


def _values(name: str, settings: Mapping[str, Value], search: ArmSearch) -> tuple[Value, ...]:
    """What the setting may be in this arm: the options that are searched, else the one value it has."""
    searched = search.parameters.get(name)
    return searched.options if isinstance(searched, Choice) else (settings[name],)
