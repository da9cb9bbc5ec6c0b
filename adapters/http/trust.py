"""Whom TLS trusts: what the machine trusts, and the authorities of one file beside it.

What the machine trusts is OpenSSL's own store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead of it.
"""

import os
import ssl
from typing import Final

# What OpenSSL says where no authority that is trusted has signed (X509_V_ERR_…, openssl-verification-options(1)).
_BY_NOBODY_KNOWN: Final = frozenset({2, 18, 19, 20, 21})


class CaFileUnusable(ValueError):
    """The file of authorities cannot be read, or holds none; the text says which file, and why."""


def trusting(ca_file: str | os.PathLike[str] | None = None) -> ssl.SSLContext:
    """A client's TLS context that trusts this file's certificates (PEM) too. Raises `CaFileUnusable`."""
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=os.fspath(ca_file))
    except ssl.SSLError:  # an OSError too
        raise CaFileUnusable(f"{ca_file} holds no certificate in PEM, -----BEGIN CERTIFICATE-----") from None
    except OSError as error:
        raise CaFileUnusable(f"{ca_file} cannot be read: {os.strerror(error.errno or 0)}") from None
    except ValueError:
        raise CaFileUnusable(f"{ca_file!r} is no name of a file") from None
    return context


def by_nobody_known(error: ssl.SSLCertVerificationError) -> bool:
    """Whether it is the authority that is not trusted: another file of authorities may mend it."""
    return error.verify_code in _BY_NOBODY_KNOWN
