"""What can go wrong inside ``dmd``, as one tree.

::

    DmdError
    ├── InputError             the user's data or configuration: shown as one line, exit code 2
    │   ├── DataError              a data file or a fold plan breaks a rule
    │   └── ConfigurationError     a setting is out of range or contradicts another
    ├── LabelsSealed             test labels were asked for by something that may not have them
    ├── TrainingDiverged       a loss or a prediction became non-finite; carries the epoch
    ├── WorkerLost             another worker of the same trial is gone: the attempt is lost, the trial is not
    └── WorkersDisagree        the workers of a trial hold different weights
"""


class DmdError(Exception):
    """Base of every error that ``dmd`` raises on purpose."""


class InputError(DmdError):
    """Something the user can correct. The message says what, where, which rule, and what to do."""


class DataError(InputError):
    """A data file, or a fold plan over it, breaks a rule."""


class ConfigurationError(InputError):
    """A setting is out of range or contradicts another."""


class LabelsSealed(DmdError):
    """Test labels were asked for before training had ended, or a second time."""


class TrainingDiverged(DmdError):
    """A loss or a prediction became non-finite."""

    def __init__(self, epoch: int, what: str) -> None:
        super().__init__(f"{what} became non-finite in epoch {epoch}")
        self.epoch = epoch
        self.what = what

    def __reduce__(self) -> tuple[type["TrainingDiverged"], tuple[int, str]]:
        return type(self), (self.epoch, self.what)


class WorkerLost(DmdError):
    """Another worker of this trial is gone, or none of the others came. detail: what the network said."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"another worker of the trial was lost: {detail}")
        self.detail = detail

    def __reduce__(self) -> tuple[type["WorkerLost"], tuple[str]]:
        return type(self), (self.detail,)


class WorkerSilent(WorkerLost):
    """As WorkerLost, and what was under way with that worker stays so for as long as this process lives."""


class WorkersDisagree(DmdError):
    """The workers of a trial hold different weights, so their trial has no result."""

    def __init__(self, rank: int) -> None:
        super().__init__(
            f"the weights of worker {rank} differ from the first worker's; "
            "train on equal devices, or with `resources.workers: 1`"
        )
        self.rank = rank

    def __reduce__(self) -> tuple[type["WorkersDisagree"], tuple[int]]:
        return type(self), (self.rank,)
