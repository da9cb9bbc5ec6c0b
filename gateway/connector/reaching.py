"""Reaching the gateway: the URL that is called, whom TLS trusts there, and what is told where it fails."""

import asyncio
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Iterator

import httpx
from cryptography import x509

from adapters.http.trust import CaFileUnusable, by_nobody_known, trusting
from gateway.connector.errors import (
    AddressUnusable,
    AuthoritiesUnusable,
    ConnectorError,
    NotAGateway,
    NotTrusted,
    Unreachable,
)
from gateway.loopback import is_guarded, is_loopback

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_LOOK = 3.0  # seconds for a look at a certificate


def gateway_url(text: str) -> httpx.URL:
    """A base URL, without a slash at its end: https, or http on loopback. Raises `AddressUnusable`.

    No path: a gateway has none in its own base URL, and takes no proof that is made for another (RFC 9449, `htu`)."""
    try:
        url = httpx.URL(text.rstrip("/"))
        known = _is_host(url.host) and (url.port is None or 0 < url.port < 65_536) and url.raw_path == b"/"
    except (httpx.InvalidURL, ValueError):  # UnicodeError, of a host's name, is a ValueError
        known = False
    given = "" if "@" in text else f"; not {text!r}"  # what stands before @ may be a password
    if not known or url.userinfo or "?" in text or "#" in text:
        raise AddressUnusable(
            "the gateway's URL is a scheme, a host and perhaps a port, such as https://gateway.example, with nothing"
            f" behind{given}"
        )
    if not is_guarded(url.scheme, url.host):
        raise AddressUnusable(f"the gateway's URL must be https, or http on loopback{given}")
    return url


def trusted(ca_file: str | os.PathLike[str] | None = None) -> ssl.SSLContext:
    """For the `verify` of httpx: trusts what the machine trusts, and the authorities of this file (PEM).

    Raises `AuthoritiesUnusable`.
    """
    try:
        return trusting(ca_file)
    except CaFileUnusable as error:
        raise AuthoritiesUnusable(f"the file of authorities (--ca-file): {error}") from None


async def told(error: httpx.HTTPError, url: httpx.URL) -> ConnectorError:
    """What failed on the way to the gateway, in words: `NotTrusted`, `NotAGateway`, else `Unreachable`."""
    if url.scheme == "http" and isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        if await _certificate(url.host, url.port or 80) is not None:
            return NotAGateway(f"what answers at {url} speaks TLS: give its URL as {url.copy_with(scheme='https')}")
        if not b"HTTP/".startswith((await _said(url.host, url.port or 80))[:5]):
            return NotAGateway(f"what answers at {url} does not speak HTTP as it should")
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return await _not_trusted(cause, url)
        if isinstance(cause, ssl.SSLEOFError):
            return Unreachable(f"what answers at {url} ended in the middle of a handshake (TLS)")
        if isinstance(cause, ssl.SSLError):
            return NotAGateway(f"what answers at {url} does not speak TLS as it should")
        if isinstance(cause, socket.gaierror):
            return Unreachable(f"the gateway cannot be reached: nobody knows the host {url.host}")
        if isinstance(cause, OSError) and cause.errno:
            why = os.strerror(cause.errno).lower()
            if isinstance(cause, ConnectionRefusedError) and is_loopback(url.host):
                why += (
                    ", nothing listens there: start it with `threekeys serve`, or the sandbox with `threekeys demo`"
                )
            return Unreachable(f"the gateway at {url} cannot be reached: {why}")
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"the gateway at {url} does not answer in time")
    if isinstance(error, httpx.RemoteProtocolError):
        return Unreachable(f"what answers at {url} ended in the middle of it, or does not speak HTTP as it should")
    return Unreachable(f"the connection to the gateway at {url} broke")


async def _not_trusted(error: ssl.SSLCertVerificationError, url: httpx.URL) -> NotTrusted:
    where = f"{url.host}:{url.port or 443}"
    issuer = await _issuer(url.host, url.port or 443)
    by = f"; it was issued by {issuer}" if issuer else ""
    said = f"the certificate of {where} does not verify: {error.verify_message}{by}"
    if by_nobody_known(error):
        said += ". Give the certificate of its authority, PEM, with --ca-file"
    return NotTrusted(said)


async def _said(host: str, port: int) -> bytes:
    """What is answered first to a request of HTTP, whose status line begins with HTTP/; nothing where it ended."""
    try:
        async with asyncio.timeout(_LOOK):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"HEAD / HTTP/1.0\r\n\r\n")
            said = await reader.read(5)
        writer.close()
    except OSError:  # TimeoutError is one
        return b""
    return said


async def _issuer(host: str, port: int) -> str | None:
    """Who is named as the issuer by a certificate that nobody vouches for."""
    shown = await _certificate(host, port)
    try:
        issuer = x509.load_der_x509_certificate(shown or b"").issuer.rfc4514_string()
    except (ValueError, TypeError):
        return None
    return issuer if 0 < len(issuer) <= 200 and issuer.isprintable() else None


async def _certificate(host: str, port: int) -> bytes | None:
    """What is shown where TLS is spoken, DER, whoever vouches for it; nothing is sent to its holder."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(_LOOK):
            _, writer = await asyncio.open_connection(host, port, ssl=unverified)
        shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    except (OSError, ValueError):  # TimeoutError is an OSError
        return None
    return shown


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _NAME.fullmatch(host) is not None
    return True


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, of a group the first."""
    found: BaseException | None = error
    while found is not None:
        yield found
        if isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        else:
            found = found.__cause__ or found.__context__
