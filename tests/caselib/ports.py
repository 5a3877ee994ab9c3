"""Ports for servers that are told where to listen."""

import random
import socket

# Below what the kernel gives to connections and to listeners at port 0 (ip_local_port_range), so that
# none of those takes one between our choice and the server's bind.
LOWEST, HIGHEST = 10000, 32767
reserved = []  # an abstract unix socket for each port that this process has chosen, until it ends


def free_port():
    """A port of 127.0.0.1 that nobody listens to, and that no other test process will choose."""
    while True:
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0fluxrouter-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        reserved.append(mark)
        return port
