"""What the items of a file are grouped by: clips of one video, utterances of one dialogue.

A group never crosses folds, and what a study says of new data it says of new groups, so a group that is too fine makes
both wrong. Known are, in this order: what the user says (:class:`GroupRule`), a key of the file, and the ids.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dmd.errors import DataError

GROUPS = "groups"
"""What groups are called of which no more is known."""

ITEMS = "items"
"""What groups are called where none are known: every item is one of its own."""

ID = "id"
"""The key that makes every item a group of its own."""

_NOUNS = {
    "video": "videos",
    "vid": "videos",
    "speaker": "speakers",
    "spk": "speakers",
    "subject": "subjects",
    "participant": "participants",
    "dialogue": "dialogues",
    "dialog": "dialogues",
    "dia": "dialogues",
    "conversation": "conversations",
    "session": "sessions",
    "movie": "movies",
    ID: ITEMS,
}
"""Names of keys, without ``_id`` and plural s, that say what the groups are."""

_MARKED = (re.compile(r"(.*?)\$_\$.*", re.DOTALL), re.compile(r"(.+)\[\d+\]"))
"""MMSA's ``<video>$_$<clip>`` and the CMU-MultimodalSDK's ``<video>[<segment>]``. A video may contain ``_``, ``-``."""

_COUNTED = re.compile(r"(.+)_[A-Za-z]{0,8}\d+")
"""``<prefix>_<k>``, or with a word before the number, as MELD's ``dia3_utt5``."""

FORMS = "video$_$k, video[k] or video_k"


@dataclass(frozen=True)
class GroupRule:
    """How the user says that items are grouped: one of the two.

    Attributes:
        key: the key of every split that names the group of each item; ``id``: every item is a group of its own.
        pattern: a regular expression that matches the ids from their start; its first parenthesis is the group. The
            name of the parenthesis, as in ``(?P<speaker>[^_]+)_``, says what the groups are.
    """

    key: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Grouping:
    """Where the groups of a data set come from.

    Attributes:
        noun: what they are, in the plural: ``videos``, ``speakers``; ``groups`` where that is not known; ``items``
            where no groups are known.
        source: what says so, in words.
        is_declared: whether the user named them. Then groups of one item are as they should be.
    """

    noun: str
    source: str
    is_declared: bool = False

    def require_groups(self, groups: Sequence[str], name: str) -> None:
        """Refuse folds over groups that are single items. Raises DataError saying which key or pattern is missing."""
        if self.is_declared or len(set(groups)) < len(groups):
            return
        raise DataError(
            f"{name}: folds by video keep the clips of a video together, but every item is a group of its own: "
            f"{self.source}; add a key `video` to every split, or write `data.groups: {{key: KEY}}` or "
            "`data.groups: {pattern: '(.+)-[0-9]+'}` (`{key: id}` if every item is indeed a video of its own)"
        )


@dataclass(frozen=True)
class Overlap:
    """How many groups lie in more than one part of a split.

    Attributes:
        num_shared: in any two of the three parts.
        num_tested_seen: in the test part and in the training or the validation part.
        num_tested: in the test part.
    """

    num_shared: int
    num_tested_seen: int
    num_tested: int


def group_by_key(key: str, is_declared: bool) -> Grouping:
    """The grouping by a key of the file."""
    return Grouping(noun_of(key), f"key `{key}`", is_declared)


def noun_of(name: str) -> str:
    """What groups are called that a key or a parenthesis of this name gives: ``speaker_id`` gives ``speakers``."""
    word = name.lower()
    stem = word.removesuffix("id").rstrip("_") or word
    return _NOUNS.get(stem.removesuffix("s"), GROUPS)


def group_by_pattern(ids: Sequence[str], pattern: str, name: str) -> tuple[tuple[str, ...], Grouping]:
    """The group of each id by the user's pattern.

    Args:
        ids: of the items.
        pattern: regular expression; its first group, or the whole match, names the group.
        name: of the data set, for messages.

    Raises:
        DataError: names ids that the pattern does not match.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(f"{name}: data.groups: pattern {pattern!r} is no regular expression: {error}") from None
    found = [compiled.match(item) for item in ids]
    index = 1 if compiled.groups else 0
    groups = [match[index] if match else None for match in found]
    missed = [item for item, group in zip(ids, groups, strict=True) if not group]
    if missed:
        raise DataError(
            f"{name}: data.groups: pattern {pattern!r} gives no group for {len(missed)} of {len(ids)} ids, such as "
            f"{missed[0]!r}; correct the pattern"
        )
    named = next(iter(compiled.groupindex), "")
    grouping = Grouping(noun_of(named) if named else GROUPS, f"pattern {pattern!r} of the ids", is_declared=True)
    return tuple(group for group in groups if group), grouping


def group_by_ids(ids: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], Grouping]:
    """The group of each id, split by split, where nothing but the ids tells.

    Marks (``$_$``, ``[k]``) are read where most ids have one; an id without is a video of its own. A number behind an
    underscore is read only where every id has one, some prefix repeats, and the prefix is not the same everywhere or
    the name of a split (``clip_17``, ``train_0``: a mere count). ids: split -> ids of its items.
    """
    every = [item for part in ids.values() for item in part]
    marked = [_video_of(item) for item in every]
    if sum(video is not None for video in marked) * 2 > len(every):
        groups = [video or item for video, item in zip(marked, every, strict=True)]
        return tuple(groups), Grouping("videos", f"ids such as {every[0]!r}")
    counted = [match[1] for item in every if (match := _COUNTED.fullmatch(item))]
    repeats = max(Counter(counted).values(), default=0) > 1
    if len(counted) == len(every) and repeats and not _is_mere_count(ids, counted):
        return tuple(counted), Grouping(GROUPS, f"ids such as {every[0]!r}")
    reason = f"there is no key `video`, and ids such as {every[0]!r} do not name one ({FORMS})"
    return tuple(every), Grouping(ITEMS, reason)


def regroup(
    ids: Sequence[str], stored: tuple[tuple[str, ...], Grouping], rule: GroupRule | None, name: str
) -> tuple[tuple[str, ...], Grouping]:
    """The groups of a converted folder, which keeps one key only.

    Args:
        ids: of the items.
        stored: the groups that the folder holds, and where they are known from.
        rule: what the user declares; None: the stored groups.
        name: of the data set, for messages.

    Raises:
        DataError: the rule names a key that the folder does not hold.
    """
    if rule is None:
        return stored
    if rule.pattern is not None:
        return group_by_pattern(ids, rule.pattern, name)
    wanted = group_by_key(str(rule.key), is_declared=True)
    if rule.key == ID:
        return tuple(ids), wanted
    if stored[1].source != wanted.source:
        raise DataError(
            f"{name}: data.groups: key {rule.key!r} is not in the folder, whose groups are by {stored[1].source}; "
            f"convert the file again with --group-key {rule.key}"
        )
    return stored[0], wanted


def _video_of(item: str) -> str | None:
    return next((match[1] for mark in _MARKED if (match := mark.fullmatch(item)) and match[1]), None)


def _is_mere_count(ids: Mapping[str, Sequence[str]], prefixes: Sequence[str]) -> bool:
    """Whether there is one prefix, or one in a split that is called so."""
    start, names = 0, []
    for split, part in ids.items():
        found = set(prefixes[start : start + len(part)])
        start += len(part)
        names.append(len(found) == 1 and next(iter(found)).lower().startswith(split[:3]))
    return len(set(prefixes)) == 1 or any(names)
