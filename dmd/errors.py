"""What can go wrong inside ``dmd``, as one tree.

::

    DmdError
    ├── InputError             the user's data or configuration: shown as one line, exit code 2
    │   ├── DataError              a data file or a fold plan breaks a rule
    │   └── ConfigurationError     a setting is out of range or contradicts another
    ├── SealBroken             test labels were asked for by something that may not have them
    └── TrainingDiverged       a loss or a prediction became non-finite; carries the epoch
"""


class DmdError(Exception):
    """Base of every error that ``dmd`` raises on purpose."""


class InputError(DmdError):
    """Something the user can correct. The message says what, where, which rule, and what to do."""


class DataError(InputError):
    """A data file, or a fold plan over it, breaks a rule."""


class ConfigurationError(InputError):
    """A setting is out of range or contradicts another."""


class SealBroken(DmdError):
    """Test labels were asked for before training had ended, or a second time."""


class TrainingDiverged(DmdError):
    """A loss or a prediction became non-finite."""

    def __init__(self, epoch: int, what: str) -> None:
        super().__init__(f"{what} became non-finite in epoch {epoch}")
        self.epoch = epoch
        self.what = what

    def __reduce__(self) -> tuple[type["TrainingDiverged"], tuple[int, str]]:
        return type(self), (self.epoch, self.what)
