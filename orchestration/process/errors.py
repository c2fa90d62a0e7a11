"""Errors that the user can correct and that belong to no leaf package; each is one line per problem."""


class UsageError(Exception):
    """Wrong input: a foreign study in the directory, impossible resources, two equal arms. One line per problem."""


class ResourcesUnavailable(UsageError):
    """No node of the cluster can run a trial of this study."""


class ClusterUnreachable(UsageError):
    """There is no Ray cluster at the address, or it refuses this driver."""


class RayUnusable(UsageError):
    """Ray does not start on this machine."""


class NodeIncompatible(UsageError):
    """A node would give other numbers than the driver, or cannot get the data: its fault, not a trial's."""
