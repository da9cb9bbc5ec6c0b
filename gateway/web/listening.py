"""A socket to listen on, taken before anything else is started, so that what is in the way is told in one line."""

import os
import socket

from gateway.settings import ConfigurationError


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `ConfigurationError` where the port is in use, or the address is not of this machine."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):  # a name that is none
        raise ConfigurationError(f"the host {host} has no address on this machine") from None
    family, _, _, _, address = found[0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        reason = os.strerror(error.errno or 0).lower()
        raise ConfigurationError(f"port {port} on {host} cannot be listened on ({reason}): choose another") from None
    bound.set_inheritable(True)
    return bound
