"""The ports of the demo, each with the variable that changes it."""

import os
import socket
from dataclasses import dataclass

from demo.processes import Failed

HOST = "127.0.0.1"
DEFAULTS = {"WEB_PORT": 8700, "FORTNOX_TWIN_PORT": 8701, "SMARTDOK_TWIN_PORT": 8702, "FLOWER_PORT": 8705}


@dataclass(frozen=True)
class Ports:
    web: int
    fortnox: int
    smartdok: int
    flower: int


def free_ports() -> Ports:
    """The ports as the environment has them, all of them free.

    Raises:
        Failed: one is taken or is no port; the message names it and the variable to change.
    """
    chosen = {name: _port(name, default) for name, default in DEFAULTS.items()}
    for name, port in chosen.items():
        other = next((each for each in chosen if each != name and chosen[each] == port), "")
        if other or not _is_free(port):
            by = f"used by {other} too" if other else "taken"
            raise Failed(f"Port {port} is {by}: choose another with {name}, as in `make demo {name}={port + 100}`.")
    return Ports(*chosen.values())


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Failed(f"{name}={text} is not a port (1 to 65535).")
    return int(text)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
