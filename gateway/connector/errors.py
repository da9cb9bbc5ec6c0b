"""What can go wrong on the caller's side.

ConnectorError
├── KeyUnusable      the key file is missing, exposed, or no P-256 key: its message says what to mend
├── AddressUnusable  the gateway's URL is none that is called
├── AuthoritiesUnusable   the file of authorities to trust cannot be read, or holds none
├── TokenRefused     the gateway gave no token: `error` and `description` are its own words (RFC 6749, section 5.2)
├── NotTrusted       the certificate of what answers does not verify: nothing was sent to it
└── Unreachable      the gateway cannot be reached now: it may be later
    └── NotAGateway  what answers there is no gateway
"""


class ConnectorError(Exception):
    """Base of all that the connector raises on purpose; no message holds a token or a key."""


class KeyUnusable(ConnectorError):
    """The key file cannot be used."""


class AddressUnusable(ConnectorError):
    """The gateway's URL cannot be used."""


class AuthoritiesUnusable(ConnectorError):
    """The file of authorities cannot be used."""


class TokenRefused(ConnectorError):
    """The token endpoint refused."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"no token: {error} ({description})" if description else f"no token: {error}")
        self.status = status
        self.error = error
        self.description = description

    @property
    def passing(self) -> bool:
        """Whether it may be given later, without anybody mending anything."""
        return self.status >= 500 or self.status == 429


class NotTrusted(ConnectorError):
    """The gateway's certificate does not verify."""


class Unreachable(ConnectorError):
    """The gateway cannot be reached."""


class NotAGateway(Unreachable):
    """What answers does not speak as a gateway, or a request is for somebody else."""
