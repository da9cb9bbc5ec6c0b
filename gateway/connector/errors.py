"""What can go wrong on the caller's side.

ConnectorError
├── KeyUnusable      the key file is missing, exposed, or no P-256 key: its message says what to mend
├── TokenRefused     the gateway gave no token: `error` and `description` are its own words (RFC 6749, section 5.2)
└── Unreachable      the gateway does not answer, or not like one
"""


class ConnectorError(Exception):
    """Base of all that the connector raises on purpose; no message holds a token or a key."""


class KeyUnusable(ConnectorError):
    """The key file cannot be used."""


class TokenRefused(ConnectorError):
    """The token endpoint refused."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"no token: {error} ({description})" if description else f"no token: {error}")
        self.status = status
        self.error = error
        self.description = description


class Unreachable(ConnectorError):
    """The gateway cannot be reached or does not speak as one."""
