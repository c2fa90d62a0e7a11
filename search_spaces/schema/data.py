"""The section ``data`` of a search space: the file, its label scale, folds, groups and modalities."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from search_spaces.schema.fields import Keys, Modalities, Names, Pattern, broken
from search_spaces.schema.section import Section, Seed


class LabelScale(Section):
    """The label's declared scale.

    Attributes:
        low: smallest possible label.
        high: largest possible label.
        neutral: the label between negative and positive.
    """

    low: float
    high: float
    neutral: float

    @model_validator(mode="after")
    def _in_order(self) -> LabelScale:
        if not (self.low < self.high and self.low <= self.neutral <= self.high):
            raise broken(
                f"needs low < high and neutral between them, got {self.low:g}, {self.high:g}, {self.neutral:g}"
            )
        return self


class Folds(Section):
    """Cross-validation.

    Attributes:
        by: ``video``: draw folds of whole groups; ``file``: the file's own folds.
        k: number of folds: one to test, one to validate, the rest to train.
        repeats: how many times the folds are drawn anew.
        seed: seed of the drawing.
    """

    by: Literal["video", "file"]
    k: int = Field(default=5, ge=3, le=1000)
    repeats: int = Field(default=1, ge=1, le=1000)
    seed: Seed = 0

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, content: Any) -> Any:
        return {"by": content} if isinstance(content, str) else content

    @model_validator(mode="after")
    def _file_says_it_all(self) -> Folds:
        drawn = {name: getattr(self, name) for name in ("k", "repeats", "seed")}
        superfluous = [name for name, value in drawn.items() if value != type(self).model_fields[name].default]
        if self.by == "file" and superfluous:
            raise broken(f"`by: file` takes the file's own folds; remove {', '.join(superfluous)} or write `by: video`")
        return self


class Groups(Section):
    """What clips of one video, or utterances of one dialogue, have in common.

    Attributes:
        key: key of every split that names each item's group, as ``speaker``; ``id``: each item is a group of its own.
        pattern: regular expression, matched at the start of each id; its first parenthesis is the group, as
            ``(?P<dialogue>dia[0-9]+)_``.
    """

    key: str | None = Field(default=None, min_length=1, max_length=100)
    pattern: Annotated[Pattern | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _one_form(self) -> Groups:
        if (self.key is None) == (self.pattern is None):
            given = "neither" if self.key is None else "both"
            raise broken(f"needs either `key` or `pattern`, got {given}; write `{{key: video}}`")
        return self


class Target(Section):
    """What the labels are.

    Attributes:
        kind: ``regression``: one number; ``classes``: one of several; ``binaries``: a yes or no for each name;
            ``several``: a number for each name, of which the first is scored first.
        names: names of the classes, questions or numbers, in the order of the file's labels; none for ``regression``.
        key: the key of every split that holds the labels, or a list with one for each name; absent: the format's own.
    """

    kind: Literal["regression", "classes", "binaries", "several"]
    names: Annotated[Names, Field(max_length=100)] = ()
    key: Keys | None = None


class Data(Section):
    """The data file, and how it is divided.

    Attributes:
        path: a file, a converted folder, or ``planted`` (generated data).
        folds: cross-validation; absent: the official split. ``file`` and ``video`` are short for ``{by: file}`` and
            ``{by: video}``.
        target: what the labels are; absent: what the file says, else one number.
        label_scale: range and neutral point of the labels; absent: what the file says, else [-3, 3] around 0.
        groups: what items are grouped by; absent: a key of the file, else the ids. Exactly one of ``key`` and
            ``pattern``.
        modalities: what the data have; absent: all three. Those that are not named need not be in the file, and no arm
            sees them.
    """

    path: str = Field(min_length=1, max_length=1000)
    folds: Folds | None = None
    target: Target | None = None
    label_scale: LabelScale | None = None
    groups: Groups | None = None
    modalities: Modalities | None = None
