"""The sections ``resources``, ``limits`` and ``tracking`` of a search space: how trials run, not what they compute."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, ConfigDict, Field, model_validator

from search_spaces.schema.fields import Date, Duration, Fuse, GpuShare, Workers, broken
from search_spaces.schema.section import Section

Amount = Annotated[float, Field(gt=0, le=1e6)]
SILENCE_KEYS = ("silence", "trial_timeout")
"""Two names of one limit. Manifests store the first, whichever the file writes."""


class Resources(Section):
    """What one trial takes.

    Attributes:
        cpu: CPU cores of one worker; fractions allowed.
        gpu: GPUs of one worker: a fraction up to 1, or a whole number.
        workers: processes that train one trial together (data-parallel); ``auto``: one on each idle GPU.
        fuse: reserved; this version trains trials one by one.
        custom: amounts of resources that a Ray cluster declares, as ``{a100: 1}``.
        max_concurrent: most trials at the same time; absent: as many as fit.
    """

    cpu: Amount = 1.0
    gpu: GpuShare = 0.0
    workers: Workers = 1
    fuse: Fuse = "auto"
    custom: dict[str, Amount] = Field(default_factory=dict, json_schema_extra={"default": {}})
    max_concurrent: int | None = Field(default=None, ge=1, le=100_000)

    @property
    def num_workers(self) -> int:
        """``workers`` as a number; planning must have replaced ``auto``."""
        assert isinstance(self.workers, int), "`workers: auto` was not settled"
        return self.workers


def _show_both_names(schema: dict[str, Any]) -> None:
    """In place: give the JSON schema of ``Limits`` the second name of ``silence``, and refuse both together."""
    stored, other = SILENCE_KEYS
    schema["properties"][other] = dict(schema["properties"][stored])
    schema["not"] = {"required": [stored, other], "properties": {key: {"type": "string"} for key in SILENCE_KEYS}}


class Limits(Section):
    """Where the study ends although it could continue; raise a limit and the same command continues.

    Attributes:
        wall_time: running time of all sessions together; then the study stops, and running trials keep the state that
            they saved last.
        until: a date; at that moment the study stops in the same way.
        gpu_hours: GPU-hours of all sessions together; then no further trial starts, and running ones end.
        trials: number of trials; then no further trial starts, and running ones end.
        stagnation: a search ends after this many trials in a row without a better one, and its winner is confirmed.
        silence: a trial that reports no epoch for this long counts as hung and is restarted from its checkpoint (with
            Ray).
        trial_timeout: another name of ``silence``; a file has one of the two.
    """

    model_config = ConfigDict(json_schema_extra=_show_both_names)

    wall_time: Duration | None = None
    until: Date | None = None
    gpu_hours: float | None = Field(default=None, gt=0, le=1e9)
    trials: int | None = Field(default=None, ge=1, le=10_000_000)
    stagnation: int | None = Field(default=None, ge=1, le=100_000)
    silence: Duration | None = Field(default=None, validation_alias=AliasChoices(*SILENCE_KEYS))

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, content: Any) -> Any:
        if isinstance(content, dict) and all(content.get(key) is not None for key in SILENCE_KEYS):
            raise broken("`silence` and `trial_timeout` are two names of one limit; remove one of them")
        return content


class Tracking(Section):
    """The MLflow server; absent: SQLite in the study directory.

    Attributes:
        uri: MLflow server or database; absent: SQLite in the study's directory. ``--tracking-uri`` goes before it.
    """

    uri: str | None = Field(default=None, min_length=1)
