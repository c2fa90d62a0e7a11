"""The search spaces that a study ran, as files beside its report: who repeats it needs the text, not its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count

from reports.records.study_description import StudyDescription

FOLDER = "spaces_as_run"
"""Below the report's directory. A folder that nobody keeps spaces of their own in: reports overwrite their files."""
_PLUGINS = "../plugins/"
"""How a space names the copies of its plugins in the study's directory."""


@dataclass(frozen=True)
class KeptSpace:
    """A search space as it ran. path: below the report's directory; empty for one that was not kept."""

    path: str
    text: str

    @property
    def has_plugins(self) -> bool:
        """Whether it needs files that lie in the study's directory alone."""
        return _PLUGINS in self.text


def kept_spaces(study: StudyDescription) -> tuple[KeptSpace, ...]:
    """Of a study the space of every sitting, the last one as it stands; of a merged one that of each part."""
    return tuple(_of_parts(study) if study.parts else _of_sittings(study))


def _of_sittings(study: StudyDescription) -> Iterator[KeptSpace]:
    for number, extension in enumerate(study.extensions, 1):
        yield _kept(f"{study.study}-sitting-{number}", extension.space_before)
    yield _kept(study.study, study.space_text)


def _of_parts(study: StudyDescription) -> Iterator[KeptSpace]:
    taken: set[str] = set()
    for part in study.parts:
        names = chain([part.study], (f"{part.study}-{number}" for number in count(2)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        yield _kept(name, part.space_text)


def _kept(name: str, text: str) -> KeptSpace:
    return KeptSpace(f"{FOLDER}/{name}.yaml" if text else "", text)
