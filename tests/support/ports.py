"""Ports for servers that must be told one before they listen."""

import itertools
import os
import random
import socket
from contextlib import suppress

#: Below those that the system lends to connections: none of them takes one before its server does.
_PORTS = itertools.cycle(random.Random(os.getpid()).sample(range(20_000, 32_000), 2_000))


def free_port() -> int:
    """A port on which nothing listens, and which this process has not given for long."""
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("", port)):
            return port
    raise AssertionError("the ports come round and round")
