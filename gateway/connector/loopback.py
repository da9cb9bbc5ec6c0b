"""Who may talk to a service on loopback: programs of this machine, and no web page through somebody's browser.

A page that a browser shows can send requests to 127.0.0.1. It cannot hide that it does: browsers add `Sec-Fetch-Site`
to every request to loopback, and `Origin` to all that could change something. A name that an attacker lets point
to 127.0.0.1 (DNS rebinding) shows in `Host`.
"""

from collections.abc import Iterable

from gateway.connector.problems import FROM_A_BROWSER, NOT_LOOPBACK, NOT_THIS_MACHINE, Kind
from gateway.loopback import is_loopback

_FROM_BROWSERS = (b"origin", b"sec-fetch-site")


def turned_away(headers: Iterable[tuple[bytes, bytes]], peer: str | None) -> Kind | None:
    """Why a request is turned away; None where it may pass. `peer` is the other end's address, None where the server
    does not know it."""
    hosts = []
    for name, value in headers:
        if name in _FROM_BROWSERS:
            return FROM_A_BROWSER
        if name == b"host":
            hosts.append(value.decode("latin-1"))
    if len(hosts) != 1 or not is_loopback(_without_port(hosts[0])):
        return NOT_LOOPBACK
    if peer is not None and not is_loopback(peer):
        return NOT_THIS_MACHINE
    return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host
