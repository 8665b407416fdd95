"""Ports of this machine, for programs that start others and must tell them where to listen."""

import atexit
import contextlib
import random
import socket

# Below those that the system lends to outgoing connections: a process that is started again finds its port free,
# and a client that calls a dead server again and again is never connected to itself.
_RANGE = range(20000, 32000)

# A server listens seconds after it was told where, and not while it is started again. What marks its port as given
# away until this program ends is the UDP port of the same number: it disturbs no server, and all our programs ask.
_given = contextlib.ExitStack()
atexit.register(_given.close)


def free_ports(count: int) -> list[int]:
    """As many different ports of 127.0.0.1: nobody listens there, and nobody else is given them while this runs.

    Raises OSError when there are not so many.
    """
    found: list[int] = []
    for port in random.sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            return found
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _given.enter_context(mark)
        found.append(port)
    raise OSError(f"There are no {count} free ports between {_RANGE.start} and {_RANGE.stop}.")


def free_port() -> int:
    """One such port."""
    [port] = free_ports(1)
    return port


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
