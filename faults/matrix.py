"""The fault matrix: every fault in the order in which it is played."""

from faults import broker, crashes, database, network
from faults.fault import Fault, Size


def faults(size: Size) -> tuple[Fault, ...]:
    """The faults that a run of this size plays."""
    return (*crashes.FAULTS, *broker.FAULTS, *database.FAULTS, *network.FAULTS)
