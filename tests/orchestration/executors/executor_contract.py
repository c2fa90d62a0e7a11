"""What every executor must do; a test class inherits this and says how its executor is made."""

from __future__ import annotations

import pytest

from orchestration.executors.protocol import Executor
from reports.records.details import details_in
from tests.orchestration.toy_runner import error_of, make_trial
from tests.orchestration.toy_studies import listed, run_toy, searched, state_of, toy_of


class ExecutorContract:
    """``make_executor`` returns one that runs a single trial at a time, in ``num_workers`` processes."""

    num_workers = 1

    def make_executor(self) -> Executor:
        raise NotImplementedError

    def test_a_list_gives_the_numbers_of_the_training(self, tmp_path):
        trials = [make_trial(seed, x=seed / 10) for seed in range(4)]
        outcome = run_toy(tmp_path, listed(trials), self.make_executor())
        assert outcome.num_completed == 4
        records = {record.trial_id: record for record in state_of(tmp_path).records()}
        for trial in trials:
            record = records[trial.id]
            assert record.test == {"mae": error_of(trial, 3) + 1}
            assert [p.metrics["valid/mae"] for p in record.epochs] == [error_of(trial, e) for e in (1, 2, 3)]
            assert record.predictions is not None
            assert record.predictions.values.tolist() == [0.5, -1.0]

    def test_details_of_confirm_trials_reach_the_study_directory(self, tmp_path):
        trials = [make_trial(seed, stage=stage) for seed, stage in ((3, "confirm"), (4, "search"), (5, "confirm"))]
        run_toy(tmp_path, listed(trials), self.make_executor())
        read = details_in(tmp_path / "artifacts")
        found = {trial.seed: read(trial.id) for trial in trials}
        assert found[4] is None
        for seed in (3, 5):
            assert {name: values.tolist() for name, values in found[seed].items()} == {
                "edges/homo": [[seed] * 6, [0, 1, 2, 3, 4, 5]]
            }

    def test_weights_of_confirm_trials_reach_the_study_directory(self, tmp_path):
        trials = [make_trial(seed, stage=stage) for seed, stage in ((3, "confirm"), (4, "search"), (5, "confirm"))]
        run_toy(tmp_path, listed(trials), self.make_executor())
        found = {path.name: path.read_bytes() for path in (tmp_path / "artifacts").glob("*.pt")}
        assert found == {f"{trial.id}.pt": str(trial.seed).encode() for trial in trials if trial.stage == "confirm"}

    def test_a_search_with_one_worker_repeats_exactly(self, tmp_path):
        run_toy(tmp_path / "inline", searched(), scheduler="asha")
        run_toy(tmp_path / "here", searched(), self.make_executor(), scheduler="asha")
        expected, found = (
            [(r.trial_id, r.status, r.valid, r.test, r.epochs) for r in state_of(tmp_path / name).records()]
            for name in ("inline", "here")
        )
        assert found == expected
        assert {status for _, status, *_ in found} == {"completed", "pruned"}

    def test_errors_of_a_training_are_not_retried(self, tmp_path):
        trials = [make_trial(1, diverges_at=2), make_trial(2, raises_at=1), make_trial(3)]
        outcome = run_toy(tmp_path, listed(trials), self.make_executor())
        assert (outcome.num_completed, outcome.num_failed) == (1, 2)
        records = {record.trial_id: record for record in state_of(tmp_path).records()}
        assert records[trials[0].id].error == "loss became non-finite in epoch 2"
        assert "the toy is broken" in (records[trials[1].id].error or "")
        assert set(toy_of(tmp_path).count("begin").values()) == {1}

    @pytest.mark.long
    def test_want_of_memory_is_tried_again_from_the_checkpoint(self, tmp_path):
        starving = [make_trial(rank, epochs=3, starves_at=2, misbehaves=rank) for rank in range(self.num_workers)]
        hopeless = make_trial(8, starves_at=1, deaths=9)
        outcome = run_toy(tmp_path, listed([*starving, hopeless, make_trial(9)]), self.make_executor())
        assert (outcome.num_completed, outcome.num_failed) == (len(starving) + 1, 1)
        records = {record.trial_id: record for record in state_of(tmp_path).records()}
        for trial in starving:
            assert (records[trial.id].attempts, records[trial.id].num_epochs) == (2, 3)
        assert set(toy_of(tmp_path).count("epoch").values()) == {1}, "nothing is computed again"
        assert records[hopeless.id].attempts == 3
        assert "its process could not go on: MemoryError: of the toy" in (records[hopeless.id].error or "")

    def test_data_are_opened_once(self, tmp_path):
        run_toy(tmp_path, listed([make_trial(seed) for seed in range(5)]), self.make_executor())
        assert toy_of(tmp_path).count("open").total() == self.num_workers
        assert len(toy_of(tmp_path).processes("open")) == self.num_workers

    def test_an_error_of_the_bookkeeping_ends_the_study(self, tmp_path):
        def on_event(event):
            if event.kind == "report":
                raise OSError("No space left on device")

        with pytest.raises(OSError, match="No space left"):
            run_toy(tmp_path, listed([make_trial(1)]), self.make_executor(), on_event=on_event)
        assert not state_of(tmp_path).ended
