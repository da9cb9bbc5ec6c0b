"""Who may talk to a service on loopback: programs of this machine, and no web page through somebody's browser.

A page that a browser shows can send requests to 127.0.0.1. It cannot hide that it does: browsers add `Sec-Fetch-Site`
to every request to loopback, and `Origin` to all that could change something. A name that an attacker lets point
to 127.0.0.1 (DNS rebinding) shows in `Host`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.loopback import is_loopback

_FROM_BROWSERS = (b"origin", b"sec-fetch-site")


@dataclass(frozen=True, slots=True)
class Turned:
    """Why a request is turned away, and what to do."""

    status: int
    code: str
    title: str
    remedy: str


def turned_away(headers: Iterable[tuple[bytes, bytes]], peer: str | None) -> Turned | None:
    """None where the request may pass. `peer` is the other end's address, None where the server does not know it."""
    hosts = []
    for name, value in headers:
        if name in _FROM_BROWSERS:
            remedy = "Call it from a program of your own, without Origin and Sec-Fetch-Site."
            return Turned(403, "from-a-browser", "Requests of web pages are refused", remedy)
        if name == b"host":
            hosts.append(value.decode("latin-1"))
    if len(hosts) != 1 or not is_loopback(_without_port(hosts[0])):
        remedy = "Call it as 127.0.0.1, [::1] or localhost, with one Host header."
        return Turned(421, "not-loopback", "The Host header must name this machine's loopback", remedy)
    if peer is not None and not is_loopback(peer):
        remedy = "Run a connector on the machine that calls; it signs with that machine's key."
        return Turned(403, "not-loopback", "Only programs of this machine are served", remedy)
    return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host
