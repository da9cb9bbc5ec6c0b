"""TLS: a certificate that verifies, and some that do not."""

import asyncio
import datetime
import ssl
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.errors import Misconfigured
from adapters.http import HttpClient, NotConnected
from tests.adapters.servers import answer, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


def _certificate(folder: Path, address: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a self-signed certificate for the address, and the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "server.pem", folder / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, key_file)
    return context, pem


async def test_a_certificate_that_verifies_is_spoken_to(tmp_path: Path) -> None:
    context, pem = _certificate(tmp_path, "127.0.0.1")
    tls = ssl.create_default_context(cafile=str(pem))
    async with (
        serving(lambda _: answer({"safe": True}), ssl=context) as server,
        HttpClient(f"https://127.0.0.1:{server.port}", tls=tls) as client,
    ):
        for _ in range(2):
            assert (await client.post("/", json={})).json() == {"safe": True}
    assert server.connections == 1


async def test_a_certificate_of_an_unknown_authority_is_misconfigured(tmp_path: Path) -> None:
    context, _ = _certificate(tmp_path, "127.0.0.1")
    async with (
        serving(lambda _: answer({}), ssl=context) as server,
        HttpClient(f"https://127.0.0.1:{server.port}") as client,
    ):
        with pytest.raises(Misconfigured, match="does not verify"):
            await client.get("/")
    assert not server.asked


async def test_a_certificate_for_another_host_is_misconfigured(tmp_path: Path) -> None:
    context, pem = _certificate(tmp_path, "127.0.0.2")
    tls = ssl.create_default_context(cafile=str(pem))
    async with (
        serving(lambda _: answer({}), ssl=context) as server,
        HttpClient(f"https://127.0.0.1:{server.port}", tls=tls) as client,
    ):
        with pytest.raises(Misconfigured, match="does not verify"):
            await client.get("/")
    assert not server.asked


async def test_a_server_without_tls_is_not_connected() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with HttpClient(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        with pytest.raises(NotConnected):
            await client.get("/")
    server.close()
