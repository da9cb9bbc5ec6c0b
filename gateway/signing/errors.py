"""What can be wrong with keys and signatures.

KeyFileError      an operator must act: a key file is missing, unreadable, exposed, or not a key
SignatureError    what was given is not signed as it must be: never says more than which check failed
├── UnknownKey    by none of the keys that are trusted
└── Unreadable    no compact JWS at all
"""

import re

from gateway.settings import ConfigurationError

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class KeyFileError(ConfigurationError):
    """The message names the file and what to mend; never any key material."""


class SignatureError(ValueError):
    """A token or note that must not be believed."""


class UnknownKey(SignatureError):
    """`kid` is what the token calls its key, where that can be a key id at all: the token's word; else empty."""

    def __init__(self, kid: object) -> None:
        super().__init__("no given key has this key id")
        self.kid = kid if isinstance(kid, str) and _KEY_ID.fullmatch(kid) else ""


class Unreadable(SignatureError):
    """What was given is no compact JWS, or its header is no JSON object that has one meaning."""
