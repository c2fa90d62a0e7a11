"""What the user can correct that no leaf package knows of."""


class UsageError(Exception):
    """A foreign study in the directory, impossible resources, two arms that are one. One line per problem."""
