"""What every source of trials must do; a test class inherits this and says how its source is made."""

from __future__ import annotations

import pytest

from orchestration.search.trial_source import TrialSource
from tests.orchestration.simulated_trials import asked, drive, record_of, replay


def judge_mixed(trial):
    """Ends trials in all three ways, by their id."""
    return record_of(trial, status=("completed", "completed", "pruned", "failed")[int(trial.id, 16) % 4])


class SourceContract:
    """``make_source`` returns a fresh source; sources made by it are equal."""

    def make_source(self) -> TrialSource:
        raise NotImplementedError

    def test_every_trial_is_given_once(self):
        ids = [trial.id for trial in asked(drive(self.make_source(), num_workers=3))]
        assert ids
        assert len(set(ids)) == len(ids)

    def test_is_exhausted_at_the_end_and_not_before(self):
        source = self.make_source()
        assert not source.is_exhausted
        drive(source)
        assert source.is_exhausted
        assert source.ask() is None

    def test_equal_histories_give_equal_trials(self):
        first = drive(self.make_source(), num_workers=2, judge=judge_mixed)
        second = drive(self.make_source(), num_workers=2, judge=judge_mixed)
        assert asked(first) == asked(second)

    @pytest.mark.parametrize("fraction", [0.3, 0.6, 1.0])
    def test_a_restored_source_goes_on_as_the_interrupted_one(self, fraction):
        whole = drive(self.make_source(), judge=judge_mixed)
        cut = int(len(whole) * fraction) // 2 * 2
        restored = self.make_source()
        replay(restored, whole[:cut])
        assert asked(drive(restored, judge=judge_mixed)) == asked(whole[cut:])

    def test_trials_that_ran_at_the_cut_count_as_given(self):
        whole = drive(self.make_source(), num_workers=2, judge=judge_mixed)
        cut = next(i for i in range(len(whole) // 2, len(whole)) if whole[i][0] == "tell")
        restored = self.make_source()
        replay(restored, whole[:cut])
        running = {trial.id for trial in asked(whole[:cut])}
        assert running.isdisjoint(trial.id for trial in asked(drive(restored)))
