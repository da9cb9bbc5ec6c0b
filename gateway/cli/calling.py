"""A client of an agency that calls a gateway from a command: signed, and its failures told in a line."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.settings import ConfigurationError

if TYPE_CHECKING:
    import httpx

Gateway = Annotated[str, typer.Option("--gateway", help="The gateway's base URL.")]
Client = Annotated[str, typer.Option("--client", help="The client's id.")]
Key = Annotated[Path, typer.Option("--key", help="The client's private key, JWK or PEM, mode 0600.")]
CaFile = Annotated[
    Path | None,
    typer.Option("--ca-file", help="Authorities to trust beside the machine's, PEM: where the gateway's is private."),
]


class Calling:
    """Calls one gateway as one client, with one token. Raises `ConfigurationError` with what went wrong."""

    def __init__(self, gateway: str, client: str, key: Path, ca_file: Path | None) -> None:
        from gateway.connector.auth import ThreekeysAuth
        from gateway.connector.errors import ConnectorError
        from gateway.connector.keys import ClientKey
        from gateway.connector.reaching import gateway_url, trusted

        self.client = client
        try:
            self.url = gateway_url(gateway)
            self.key = ClientKey.load(key)
            self._auth = ThreekeysAuth(client, self.key, str(self.url))
            self._tls = trusted(ca_file)
        except ConnectorError as error:
            raise ConfigurationError(str(error)) from None

    def __call__(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """What the gateway answers, where that is no problem."""
        answer = asyncio.run(self._send(method, path, body))
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ConfigurationError(f"what answers at {self.url} is no gateway: {answer.status_code}, and no JSON")
        if answer.is_error:
            faults = [f"{fault['pointer'] or 'at the top'}: {fault['detail']}" for fault in found.get("errors") or []]
            said = "; ".join(filter(None, (found.get("title"), found.get("detail"))))
            code = found.get("code", "without a code")
            raise ConfigurationError("\n  ".join([f"{answer.status_code} {code}: {said}", *faults]))
        return found

    async def _send(self, method: str, path: str, body: Any) -> "httpx.Response":
        import httpx

        from gateway.connector.errors import ConnectorError
        from gateway.connector.reaching import told

        try:
            async with httpx.AsyncClient(
                auth=self._auth, base_url=self.url, verify=self._tls, timeout=30, trust_env=False
            ) as http:
                return await http.request(method, path, json=body)
        except ConnectorError as error:
            raise ConfigurationError(f"{self.client}: {error}") from None
        except httpx.HTTPError as error:
            raise ConfigurationError(str(await told(error, self.url))) from None
