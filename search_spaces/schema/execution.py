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
        cpu: CPU cores of one worker, fractions allowed.
        gpu: GPUs of one worker, fractions allowed.
        workers: processes that train one trial together; ``auto``: one on each visible GPU that trials do not fill.
        fuse: how many trials may train together on one device.
        custom: amounts of resources declared to Ray.
        max_concurrent: upper limit of trials at the same time; absent: as many as fit.
    """

    cpu: Amount = 1.0
    gpu: Annotated[GpuShare, Field(ge=0, le=1e6)] = 0.0
    workers: Workers = 1
    fuse: Fuse = "auto"
    custom: dict[str, Amount] = Field(default_factory=dict)
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
        wall_time: seconds of all sessions, without the time between them; then running trials keep their state and the
            study stops.
        until: the moment at which the study stops in the same way.
        gpu_hours: of all sessions; then no further trial starts, and running ones end.
        trials: number of trials; then no further trial starts, and running ones end.
        stagnation: trials in a row without a better one after which a search ends and its winner is confirmed.
        silence, trial_timeout: two names of one limit: time without an epoch after which a trial counts as hung; its
            worker is ended, and the trial continues from its checkpoint (with Ray).
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
    """The MLflow server; absent: SQLite in the study directory."""

    uri: str | None = Field(default=None, min_length=1)
