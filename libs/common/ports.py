"""Ports of this machine, for programs that start others and must tell them where to listen."""

import contextlib
import random
import socket

# Below those that the system lends to outgoing connections: a process that is started again finds its port free.
_RANGE = range(20000, 32000)


def free_ports(count: int) -> list[int]:
    """As many different ports of 127.0.0.1 on which nobody listens."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in random.sample(_RANGE, len(_RANGE)):
            if len(found) < count:
                probe = held.enter_context(socket.socket())
                with contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", port))
                    found.append(port)
    return found


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
