"""The trials of a study so far: all that were asked for, by arm and stage, and how many have ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestration.ledger.errors import require_plain, wrap_format_errors
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.trial_json import trial_from_json
from search_spaces.terms.trial import Stage, Trial


@dataclass(frozen=True)
class EarlierTrials:
    """What a study has asked for so far.

    Attributes:
        trials: in the order of asking.
        num_ended: of these.
        num_scored: confirm trials among them that were scored on test.
        scored_arms: arms of these.
    """

    trials: tuple[Trial, ...] = ()
    num_ended: int = 0
    num_scored: int = 0
    scored_arms: frozenset[str] = frozenset()

    def of_stage(self, stage: Stage) -> tuple[Trial, ...]:
        """Those of one stage."""
        return tuple(trial for trial in self.trials if trial.stage == stage)

    @property
    def num_by_arm(self) -> Mapping[str, int]:
        """Arm -> its trials."""
        return Counter(trial.arm for trial in self.trials)


def read_earlier_trials(ledger: Path) -> EarlierTrials:
    """What a ledger holds; nothing where there is no file. Raises LedgerError for one that cannot be read."""
    if not ledger.exists():
        return EarlierTrials()
    require_plain(ledger)
    trials: dict[str, Trial] = {}
    ended: set[str] = set()
    scored: set[str] = set()
    with wrap_format_errors(ledger):
        for event, _ in read_events(ledger, kinds=("ask", "tell")):
            if event.kind == "ask":
                trials.setdefault(event.trial_id, trial_from_json(event.data["trial"]))
            elif event.trial_id in trials:
                ended.add(event.trial_id)
                if event.data["record"].get("test") is not None:
                    scored.add(event.trial_id)
    arms = frozenset(trials[trial_id].arm for trial_id in scored)
    return EarlierTrials(tuple(trials.values()), len(ended), len(scored), arms)
