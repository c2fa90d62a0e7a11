"""What every section of a search space has in common: strictness, and the types that several sections share.

A key that is given as ``null`` counts as absent.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from search_spaces.schema.fields import MAX_SEED, SLUG

Slug = Annotated[str, Field(pattern=SLUG)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


class Section(BaseModel):
    """One mapping of the file: unknown keys and silent conversions are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        known = cls.spellings()
        return {key: value for key, value in content.items() if value is not None or key not in known}

    @classmethod
    def spellings(cls) -> tuple[str, ...]:
        """Every key that may be written; a field with two names appears under both."""
        names: list[str] = []
        for name, field in cls.model_fields.items():
            alias = field.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [name]
            names += [choice for choice in choices if isinstance(choice, str)]
        return tuple(names)
