"""Whether a host is this machine only: what settings, keys' addresses, the connector and the sandbox ask."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host names loopback: `localhost`, or an address of 127.0.0.0/8 or ::1, mapped into IPv6 or not."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_guarded(scheme: str, host: str | None) -> bool:
    """Whether what goes to a URL cannot be read or changed on its way: https, or http on loopback."""
    return scheme == "https" or (scheme == "http" and is_loopback(host or ""))
