"""What a user says of a data file that the file does not say itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dmd.data.csd.names import Steps
from dmd.data.dataset.groups import ID, GroupRule
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.data.tables.layout import FileLayout
from dmd.modalities import Modality


@dataclass(frozen=True)
class Declared:
    """Each of it goes before what the file says.

    Attributes:
        scale: the range of the labels; None: the file's own.
        target: what the labels are; None: what the file says, else one number.
        label_keys: the keys that hold them, one, or one for each name of the target; empty: those of the format.
        groups: how items are grouped; None: by the file's key or by the ids.
        modalities: those that the data have, in order; None: all, or those that a converted folder has.
        steps: what the steps of a clip are that is cut out of ``.csd`` sequences; None: words, where there is language.
        for_prediction: labels are not looked at, and they, ids and splits may be missing; one video may stand alone.
    """

    scale: LabelScale | None = None
    target: Target | None = None
    label_keys: tuple[str, ...] = ()
    groups: GroupRule | None = None
    modalities: tuple[Modality, ...] | None = None
    steps: Steps | None = None
    for_prediction: bool = False

    def keys_of(self, layout: FileLayout, label_keys: tuple[str, ...] = ()) -> FileLayout:
        """``layout`` with the modalities and the keys of labels and groups that the user names.

        label_keys: those that the file names, where it does; they hold where the user says nothing of the labels.
        """
        layout = replace(layout, reads_labels=not self.for_prediction)
        if self.modalities is not None:
            layout = replace(layout, features={m: layout.features[m] for m in self.modalities})
        keys = self.label_keys or (label_keys if self.target is None else ())
        if keys:
            layout = replace(layout, labels=keys[0], more_labels=keys[1:])
        key = None if self.groups is None else self.groups.key
        return layout if key is None or key == ID else replace(layout, group=key)


UNDECLARED = Declared()
"""The user declares nothing; the file decides."""
