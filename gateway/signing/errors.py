"""What can be wrong with keys and signatures.

KeyFileError      an operator must act: a key file is missing, unreadable, exposed, or not a key
SignatureError    what was given is not signed as it must be: never says more than which check failed
"""

from gateway.settings import ConfigurationError


class KeyFileError(ConfigurationError):
    """The message names the file and what to mend; never any key material."""


class SignatureError(ValueError):
    """A token or note that must not be believed."""
