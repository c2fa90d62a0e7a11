"""A folder of ``.csd`` files: which of them is what, and all of them joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dmd.data.csd.clips import Clips, Source
from dmd.data.csd.names import ENDING, Steps
from dmd.data.csd.sequence import ROLES, Role, open_sequence, role_of, video_of
from dmd.data.csd.sequence import Sequence as Csd
from dmd.data.csd.split_list import FILE, draw_splits, read_splits
from dmd.data.untrusted.hdf5 import Hdf5Error, open_hdf5
from dmd.data.utterances.label_columns import describe_columns
from dmd.data.utterances.listed import FEATURE_KEYS, Listed, Tell
from dmd.errors import DataError

_KEYS: Mapping[Role, str] = dict(zip(ROLES, FEATURE_KEYS, strict=False))

_HOW: Mapping[Steps, str] = {
    "words": "one step per word, audio and vision averaged over it",
    "own": "the steps of each modality as they are",
    "mean": "one step per clip, the mean over it",
}


def read_csd_folder(folder: Path, wanted: Sequence[str], steps: Steps | None, tell: Tell) -> Listed:
    """Join the sequences of a folder.

    Args:
        folder: of ``.csd`` files; what each is, its name inside says, or the file is called ``language.csd``,
            ``audio.csd``, ``vision.csd`` or ``labels.csd``.
        wanted: the keys of the modalities that are to be read.
        steps: what the steps of a clip are; None: words where there is language, else each modality's own.
        tell: gets what is wrong.

    Raises:
        DataError: a file is no computational sequence, is damaged, or reaches outside of itself; one line.
    """
    given = read_splits(folder)
    with ExitStack() as stack:
        found, left = _open_all(folder, stack, tell)
        features = {_KEYS[role]: found[role] for role in ROLES[:3] if role in found and _KEYS[role] in wanted}
        if "labels" not in found or not features:
            tell("labels" if "labels" not in found else "features", _say_what_is_there(found, left))
            return Listed({})
        chosen: Steps = steps or ("words" if "text" in features else "own")
        if chosen == "words" and "text" not in features:
            tell("language", "clips are to be cut into words, but no sequence has them; write `--steps own` or `mean`")
            return Listed({})
        listed = _join(folder, found["labels"], features, given, chosen, tell)
    unread = (f"not read, as their names do not say what they are: {', '.join(left)}",) if left else ()
    return Listed(listed.tables, (*unread, *listed.remarks))


def _open_all(folder: Path, stack: ExitStack, tell: Tell) -> tuple[dict[Role, Csd], list[str]]:
    """Role -> open sequence, and the files of which nobody knows what they are."""
    found: dict[Role, Csd] = {}
    left: list[str] = []
    for path in sorted(file for file in folder.iterdir() if file.suffix == ENDING):
        with _named(folder, path.name):
            if not path.is_file():
                raise Hdf5Error("is no plain file")
            sequence = open_sequence(stack.enter_context(open_hdf5(path)), path.name)
        role = role_of(sequence, path.stem)
        if role is None:
            left.append(f"{path.name} ({sequence.name[:40]})")
        elif role in found:
            tell(
                role,
                f"{found[role].file_name} and {path.name} both hold {role}; rename the one to read {role}.csd and move "
                "the other out of the folder",
            )
        else:
            found[role] = sequence
    return found, left


def _say_what_is_there(found: Mapping[Role, Csd], left: Sequence[str]) -> str:
    has = ", ".join(f"{role} in {sequence.file_name}" for role, sequence in found.items()) or "none"
    return (
        f"no sequence of the folder is that; found: {has}; unknown: {', '.join(left) or 'none'}; call a file "
        "language.csd, audio.csd, vision.csd or labels.csd to say what it is"
    )


def _join(
    folder: Path, labels: Csd, features: Mapping[str, Csd], given: Mapping[str, str] | None, steps: Steps, tell: Tell
) -> Listed:
    split_of = draw_splits([video_of(entry) for entry in labels.entries]) if given is None else given
    sources = {key: Source(sequence) for key, sequence in features.items()}
    clips = Clips(sources, steps)
    for entry in sorted(labels.entries):
        split = split_of.get(video_of(entry))
        with _named(folder, labels.file_name):
            values, intervals = labels.read(entry)
        if split is None:
            clips.drop(f"lie in videos that {FILE} does not list", len(values))
            continue
        for source in sources.values():
            with _named(folder, source.file_name):
                source.turn_to(entry)
        clips.add(split, entry, values, intervals)
    roles = {key: role for role, key in _KEYS.items()}
    read = ", ".join(f"{roles[key]} from {sequence.name[:40]}" for key, sequence in features.items())
    said = [f"joined on the intervals of the labels: {read}; {_HOW[steps]}", *clips.remarks()]
    if given is None:
        said.append(
            "the sequences have no split: 70, 10 and 20% of the videos were drawn with seed 0; a file "
            f"{FILE} in the folder sets another, and `data.folds` needs none"
        )
    tables = clips.tables(tell)
    return Listed(tables, (*said, *describe_columns(tables)))


@contextmanager
def _named(folder: Path, file_name: str) -> Iterator[None]:
    """Names the file in what goes wrong with it."""
    try:
        yield
    except Hdf5Error as error:
        raise DataError(f"{folder.name}/{file_name}: {error}; fetch or write the file again") from None
