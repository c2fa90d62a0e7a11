"""The sections ``model`` and ``arms`` of a search space: the baseline, and what is compared with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from search_spaces.schema.fields import Names, Rows, SettingValue, Subsets, broken
from search_spaces.schema.section import Section, Slug
from search_spaces.terms.trial import Value

Design = Literal["published", "leave_one_out", "add_one", "factorial"]


class Method(Section):
    """A method with settings that are fixed for the study. Any other key is a setting of the method.

    Attributes:
        name: the method.
        preset: a named set of settings; single settings override it.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SettingValue] = Field(init=False)

    name: str
    preset: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, content: Any) -> Any:
        if isinstance(content, str):
            return {"name": content}
        return flatten_settings(content) if isinstance(content, dict) else content

    @property
    def settings(self) -> dict[str, Value]:
        """What the file fixes, under flat names (``kernel.audio``), preset not included."""
        return dict(self.__pydantic_extra__ or {})


def flatten_settings(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"kernel": {"audio": 3}}`` as ``{"kernel.audio": 3}``: both forms may be written."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            flat |= flatten_settings(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


class ModelArm(Method):
    """Another method as an arm.

    Attributes:
        name: the method.
        preset: as ``model.preset``.
        arm: name of the arm, where one method appears twice.
    """

    arm: Slug | None = None


class Ablation(Section):
    """Which components are switched, and in which combinations.

    Attributes:
        components: the components; absent: all that the method has. In the baseline all of them are on (off for
            ``add_one``).
        design: a rule that makes the combinations; ``published``: the rows that the method declares (of dmd the six of
            Table 3, and the full model without each distillation but with its heads).
        rows: combinations of your own, as ``[{fd: true, ca: false}]``; a component that a row does not name is on.
    """

    components: Annotated[Names, Field(min_length=1, max_length=100)] | None = None
    design: Design | None = None
    rows: Annotated[Rows, Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Ablation:
        if (self.design is None) == (self.rows is None):
            given = "neither" if self.design is None else "both"
            raise broken(f"needs either `design` or `rows`, got {given}; write `design: leave_one_out` or list `rows`")
        if self.components is not None and len(set(self.components)) < len(self.components):
            raise broken("`components` names one twice; keep one")
        return self


class ExternalArm(Section):
    """Predictions of other code as an arm.

    Attributes:
        arm: name of the arm.
        path: CSV or ``.npz`` file with ``id``, ``seed``, ``prediction``, and ``fold`` (and ``repeat``) where the study
            has them.
    """

    arm: Slug
    path: str = Field(min_length=1, max_length=1000)


class Arms(Section):
    """What is compared.

    Attributes:
        ablation: which components are switched, in which combinations. Exactly one of ``design`` and ``rows``.
        modalities: subsets of modalities that the baseline's model is shown, one arm each: ``[language,
            audio+vision]``, or ``all`` for every proper subset. Hidden modalities are blank in training, validation and
            test.
        models: other methods, by name or as mappings like ``model``.
        external: predictions of other code, scored as an arm.
        controls: run the baseline once more under other seeds: the difference shows the noise floor.
    """

    ablation: Ablation | None = None
    modalities: Subsets = ()
    models: Annotated[tuple[ModelArm, ...], Field(max_length=100)] = ()
    external: Annotated[tuple[ExternalArm, ...], Field(max_length=100)] = ()
    controls: bool = False

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        lists = {name: content[name] for name in ("models", "external") if isinstance(content.get(name), list)}
        return content | {name: tuple(items) for name, items in lists.items()}
