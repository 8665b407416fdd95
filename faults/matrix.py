"""The fault matrix: every fault in the order in which it is played."""

from faults import broker, crashes, database, messages, network, others, restore

FAULTS = (
    *crashes.FAULTS,
    *broker.FAULTS,
    *database.FAULTS,
    *network.FAULTS,
    *messages.FAULTS,
    *others.FAULTS,
    *restore.FAULTS,
)
