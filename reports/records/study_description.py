"""The description of a study: what it set out to do. With the records of its trials it is the input of every report.

Reports read these and nothing else. The consumer owns its input type: whoever plans a study builds these values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from reports.records.declared import DeclaredMethod
from reports.records.extension import Extension
from reports.records.run_record import Value
from reports.records.target import Target


@dataclass(frozen=True)
class ArmDescription:
    """One arm as planned, or as it was trained.

    Attributes:
        name, label: unique in the study; as printed.
        role: ``baseline``, ``ablation``, ``subset`` (the baseline shown fewer modalities), ``model`` or ``control``.
        model: a method, or ``external`` for predictions of other code.
        components: component -> whether it is on; empty for a method that has none.
        facts: what was proved about the built model: ``num_parameters`` (int), ``loss_terms`` (list of names),
            ``modules`` (list of names), ``inputs`` (list of the modalities it sees), ``differs_from_baseline``
            (sentence).
        settings: every setting before a search (as trained: after it, without those that differ from cell to cell),
            defaults included; empty if not recorded.
        overrides: those of ``settings`` that differ from what the arm's preset has (without a preset, from the
            method's defaults); None if not recorded.
        varying: of an arm as trained (:mod:`reports.results.arms_as_trained`), the components that its searches chose
            in some cells only: name -> (cells that have it, cells). They are not in ``components`` then. Empty in a
            plan.
    """

    name: str
    label: str
    role: str
    model: str
    components: Mapping[str, bool]
    facts: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Value] = field(default_factory=dict)
    overrides: Mapping[str, Value] | None = None
    varying: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_external(self) -> bool:
        """Whether the arm is predictions of other code: nothing was trained for it here."""
        return self.model == "external"

    @property
    def has_gradients(self) -> bool:
        """Whether training follows gradients, epoch by epoch: not if the built model has no trainable parameter.

        True where the number was not recorded.
        """
        return self.facts.get("num_parameters") != 0

    @property
    def other_settings(self) -> dict[str, Value]:
        """The settings that are no components."""
        return {name: value for name, value in self.settings.items() if name not in self.components}


@dataclass(frozen=True)
class Contrast:
    """A comparison: ``first`` minus ``second`` (for an edge: the arm with the component minus without).

    Attributes:
        first, second: the arms, by name.
        isolates: what the difference is the effect of, in words; empty if it is no single thing.
        in_family: declared, so that claims may be made and p-values are corrected over it; the others are shown beside.
    """

    first: str
    second: str
    isolates: str = ""
    in_family: bool = True

    @property
    def shown(self) -> tuple[str, str]:
        """What the two arms are called where readers see them."""
        return self.first, self.second

    @property
    def pair(self) -> str:
        """``full model - w/o CA``."""
        return " - ".join(self.shown)


@dataclass(frozen=True)
class PlannedCell:
    """One confirm trial that the study asked for; missing ones are shown as missing.

    Attributes:
        arm, seed: the arm by name; the seed of training.
        repeat, fold: of the cross-validation; ``fold`` is None on an official split.
    """

    arm: str
    seed: int
    repeat: int
    fold: int | None


@dataclass(frozen=True)
class MergedPart:
    """One of the studies that were merged into one.

    Attributes:
        study: its name.
        arms: name of an arm here -> its name in that study.
        command: what ran it; empty if not recorded.
        space_text: its search space as it ran, as YAML; empty if not recorded.
    """

    study: str
    arms: Mapping[str, str]
    command: str = ""
    space_text: str = ""


@dataclass(frozen=True)
class StudyDescription:
    """What a study set out to do, with its provenance.

    Attributes:
        study: its name.
        arms: in planned order.
        baseline: an arm, by name.
        contrasts: the comparisons, the declared ones among them.
        primary: the one metric that p-values are computed on, without prefix (``mae``).
        metrics: test metrics in display order, primary first.
        planned: every confirm trial.
        search: how configurations were chosen (``scope``, ``searcher``, ``scheduler``, ``stopping`` as the scheduler in
            words (absent: none, or not recorded), ``objective``, ``trials`` per search, ``parameters`` as name -> text
            of the distribution, ``distributions`` as name -> its YAML form, such as ``{"log_uniform": [0.01, 1.0]}``,
            ``ranges`` as searched arm -> name -> ``distribution``, ``least``, ``most``: the arm's own, and the ends of
            what the setting can be (None: it has no such end); absent in studies of earlier versions); empty if
            nothing was searched.
        confirm: ``seeds`` (the list that every arm but a control uses), ``top`` and ``missing`` (the conditions of
            ``RunRecord.test_missing``; absent: none was asked for), ``details`` (bool: whether trials keep what their
            model shows of every item; absent: not recorded); empty if nothing is known.
        data: ``name``, ``path``, ``content_hash``, ``protocol`` (one sentence), ``num_items``, ``num_groups``,
            ``groups_are`` (``videos``, ``speakers``; ``items`` where no groups are known), ``non_finite`` counts,
            ``official_split`` (bool: one split, so new-data intervals are over test groups), ``aligned`` (bool: the
            modalities of every item have equally many steps), ``text`` (``glove``, ``bert`` or words), ``label_scale``
            (low, high, neutral), ``clip_limit`` (how far from neutral a prediction counts; absent: as it is),
            ``cautions`` (what the data keep the study from saying, in sentences), ``tested_groups_seen`` (groups of the
            test part that lie in the training or validation part, too; those of it), ``target`` (``kind`` and
            ``names``; absent: one number), ``planted`` (what generated data are made of, in sentences; empty or absent
            for other data).
        provenance: versions, hardware, command line, start time, code fingerprint.
        fixed: settings that the study set for all arms and searched for none.
        description: what the author of the search space wrote about it; empty if nothing.
        ended_by: the limit of the study at which it ended before all was done, in words; empty if it did not.
        wall_s: seconds that all sessions took together; None if not known.
        estimate: what was expected before the start: ``trials`` at most, ``wall_s``, ``wall_low_s``, ``wall_high_s``,
            and the same of ``device``; or empty.
        combinations: the components that are on, for every combination that the baseline's method can run (whether the
            study has an arm for it or not); empty where unknown or where nothing is ablated.
        methods: every method that could be an arm, by the name that ``arms.models`` takes; empty if not recorded.
        scored_before: other study -> configurations that it had scored on the test parts of the same data when this
            study began; empty where none is known.
        parts: the studies that this one was merged from; empty for a study of its own.
        declared: method -> what it declares of itself, for every method that could be an arm; empty if not recorded.
        extensions: what later sessions changed of the plan, in their order; all else here is the plan as it stands.
        space_text: the search space as it ran, as YAML with what the command line changed in it; empty if not recorded.
    """

    study: str
    arms: tuple[ArmDescription, ...]
    baseline: str
    contrasts: tuple[Contrast, ...]
    primary: str
    metrics: tuple[str, ...]
    planned: tuple[PlannedCell, ...]
    search: Mapping[str, Any]
    confirm: Mapping[str, Any]
    data: Mapping[str, Any]
    provenance: Mapping[str, Any]
    fixed: Mapping[str, Value] = field(default_factory=dict)
    description: str = ""
    ended_by: str = ""
    wall_s: float | None = None
    estimate: Mapping[str, float] = field(default_factory=dict)
    combinations: tuple[tuple[str, ...], ...] = ()
    methods: tuple[str, ...] = ()
    scored_before: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[MergedPart, ...] = ()
    declared: Mapping[str, DeclaredMethod] = field(default_factory=dict)
    extensions: tuple[Extension, ...] = ()
    space_text: str = ""

    def method(self, name: str) -> DeclaredMethod:
        """What a method declares of itself; no more than its name where that was not recorded."""
        return self.declared.get(name, DeclaredMethod(name))

    @property
    def component_labels(self) -> dict[str, str]:
        """Component of an arm's method -> its label, or its name where none is known; the baseline's come first."""
        arms = sorted(self.arms, key=lambda arm: arm.name != self.baseline)
        labels: dict[str, str] = {}
        for arm in arms:
            labels |= {n: label for n, label in self.method(arm.model).component_labels.items() if n not in labels}
        labels |= {name: name for arm in arms for name in (*arm.components, *arm.varying) if name not in labels}
        return labels

    @property
    def data_name(self) -> str:
        """What the data are called; empty if not recorded."""
        return str(self.data.get("name", ""))

    @property
    def data_origin(self) -> str:
        """The data's path with its last two folders: the files of several data sets are called ``aligned_50.pkl``."""
        parts = str(self.data.get("path") or self.data_name).replace("\\", "/").split("/")
        return "/".join([*parts[-3:-1], self.data_name or parts[-1]])

    @property
    def groups_are(self) -> str:
        """What the groups of the data are, in the plural; no more than ``groups`` where that was not recorded."""
        return str(self.data.get("groups_are", "groups"))

    @property
    def target(self) -> Target:
        """What is predicted of every item. Raises ValueError for what is no target."""
        return Target.from_data(self.data.get("target"))

    @property
    def neutral(self) -> float:
        """The label that is neither negative nor positive; 0 where the scale was not recorded.

        Raises ValueError for a scale that is not low, high, neutral.
        """
        scale = self.data.get("label_scale")
        if scale is None:
            return 0.0
        if len(scale) != 3:
            raise ValueError(f"study {self.study}: data.label_scale must be low, high, neutral, but is {scale}")
        return float(scale[2])

    @property
    def why_not_new(self) -> str:
        """Why the tested groups say nothing of new ones: some were seen in training. Empty if none is known to be.

        Raises ValueError for a record of it that is not two numbers.
        """
        counts = self.data.get("tested_groups_seen") or (0, 0)
        if len(counts) != 2:
            raise ValueError(f"study {self.study}: data.tested_groups_seen must be two numbers, but is {counts}")
        seen, tested = counts
        return (
            f"{seen} of {tested} tested {self.groups_are} lie in the training or validation part, too" if seen else ""
        )

    @property
    def clip_limit(self) -> float | None:
        """How far from the neutral point predictions are clipped before they are scored; None: not at all."""
        limit = self.data.get("clip_limit")
        return None if limit is None else float(limit)

    @property
    def family(self) -> tuple[ArmDescription, ...]:
        """The baseline and the ablations that differ from it in components alone (and keep no further heads).

        What is searched besides does not count, and an arm whose components vary from cell to cell is none of them.
        """
        baseline = next((arm for arm in self.arms if arm.name == self.baseline), None)
        if baseline is None:
            return ()
        searched = self.search.get("parameters") or {}
        alike = _without(baseline.other_settings, searched)
        ablations = (arm for arm in self.arms if arm.role in ("baseline", "ablation") and not arm.varying)
        return tuple(arm for arm in ablations if _without(arm.other_settings, searched) == alike)


def _without(settings: Mapping[str, Value], names: Collection[str]) -> dict[str, Value]:
    return {name: value for name, value in settings.items() if name not in names}
