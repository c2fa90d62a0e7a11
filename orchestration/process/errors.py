"""What the user can correct that no leaf package knows of."""


class UsageError(Exception):
    """A foreign study in the directory, impossible resources, two arms that are one. One line per problem."""


class ResourcesUnavailable(UsageError):
    """No node of the cluster can run a trial of this study."""


class ClusterUnreachable(UsageError):
    """There is no Ray cluster at the address, or it does not take this driver."""


class RayUnusable(UsageError):
    """Ray does not start here."""


class NodeIncompatible(UsageError):
    """A node would give other numbers than the driver, or cannot get the data: its fault, not a trial's."""
