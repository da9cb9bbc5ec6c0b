"""Verifying ES256 signatures, of many requests at once in a process of its own: a fifth of what an exchange costs the
event loop, and `cryptography` holds the GIL meanwhile.

It is a matter of speed alone. A lone signature is verified here, and so is each where the process is gone or late.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.apart import CAN, Apart
from gateway.telemetry.log import logger

_DIGEST = ECDSA(Prehashed(SHA256()))
_KEY, _SIGNATURE, _HASH = 64, 64, 32
_RECORD = _KEY + _SIGNATURE + _HASH
_MOST_KEYS = 4096
PATIENCE = 1.0
"""Seconds after which what the process has not answered is verified here: it may have been stopped. From then on all
is, until it answers."""


class Signed(NamedTuple):
    """A signature to verify, and what was signed. Of ES256 the key is its coordinates x ‖ y, the signature r ‖ s."""

    key: bytes | Ed25519PublicKey
    signature: bytes
    data: bytes

    def holds(self) -> bool:
        """Whether the signature is the key's over the data."""
        if isinstance(self.key, bytes):
            return _es256(self.key, self.signature, hashlib.sha256(self.data).digest())
        try:
            self.key.verify(self.signature, self.data)
        except InvalidSignature:
            return False
        return True


_Waiting = list[tuple[Signed, "asyncio.Future[bool]"]]


class Verifier:
    """`apart`: with a process of its own, where this machine can; it is forked here and now."""

    def __init__(self, *, apart: bool = False) -> None:
        self.apart = Apart("3keys-verify", _answer) if apart and CAN else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathered: _Waiting = []
        self._sent: deque[tuple[_Waiting, asyncio.TimerHandle]] = deque()
        self._late = False
        self.alone: Callable[[], bool] = lambda: False
        """Whether nobody else waits: then there is nothing to gather."""

    async def holds(self, signed: Signed) -> bool:
        """Whether the signature is the key's over the data."""
        if self.apart is None or self.apart.gone or not isinstance(signed.key, bytes) or self.alone():
            return signed.holds()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
            self.apart.begin(loop, self._answered, self._lost)
        future: asyncio.Future[bool] = loop.create_future()
        self._gathered.append((signed, future))
        if len(self._gathered) == 1:
            loop.call_soon(self._send)
        return await future

    async def aclose(self) -> None:
        """End the process, if there is one."""
        if self.apart is not None:
            await self.apart.aclose()

    def _send(self) -> None:
        gathered, self._gathered = self._gathered, []
        assert self.apart is not None
        if self.apart.gone or self._late or (len(gathered) == 1 and not self._sent):
            _settle_here(gathered)
            return
        assert self._loop is not None
        self._sent.append((gathered, self._loop.call_later(PATIENCE, self._give_up, gathered)))
        self.apart.send(b"".join([_record(signed) for signed, _ in gathered]))

    def _give_up(self, sent: _Waiting) -> None:
        if not self._late:
            self._late = True
            logger("auth").warning("the process that verifies signatures does not answer: they are verified here")
        _settle_here(sent)

    def _answered(self, answers: memoryview) -> None:
        sent, timer = self._sent.popleft()
        timer.cancel()
        if self._late and not self._sent:
            self._late = False
            logger("auth").warning("the process that verifies signatures answers again")
        for (_, future), answer in zip(sent, answers, strict=True):
            if not future.done():
                future.set_result(answer == 1)

    def _lost(self) -> None:
        logger("auth").error("the process that verifies signatures has ended: from now on they are verified here")
        while self._sent:
            sent, timer = self._sent.popleft()
            timer.cancel()
            _settle_here(sent)


def _record(signed: Signed) -> bytes:
    assert isinstance(signed.key, bytes)
    # Of another length it is none: r and s of 0 never verify.
    signature = signed.signature if len(signed.signature) == _SIGNATURE else bytes(_SIGNATURE)
    return signed.key + signature + hashlib.sha256(signed.data).digest()


def _es256(key: bytes, signature: bytes, digest: bytes) -> bool:
    """Whether r ‖ s is the signature of the key x ‖ y over a SHA-256. The key is on the curve."""
    if len(signature) != _SIGNATURE:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        _public(key).verify(encode_dss_signature(r, s), digest, _DIGEST)
    except InvalidSignature:
        return False
    return True


_keys: dict[bytes, EllipticCurvePublicKey] = {}


def _public(key: bytes) -> EllipticCurvePublicKey:
    found = _keys.get(key)
    if found is None:
        if len(_keys) >= _MOST_KEYS:
            _keys.clear()
        found = _keys[key] = public_key(key)
    return found


def public_key(key: bytes) -> EllipticCurvePublicKey:
    """The P-256 key of x ‖ y. A ValueError where the point is not on the curve."""
    x, y = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def _settle_here(waiting: _Waiting) -> None:
    for signed, future in waiting:
        if not future.done():
            future.set_result(signed.holds())


def _answer(records: bytearray) -> bytes:
    """In the process: 1 or 0 for each."""
    data = bytes(records)
    each = (data[at : at + _RECORD] for at in range(0, len(data), _RECORD))
    return bytes(_es256(one[:_KEY], one[_KEY:-_HASH], one[-_HASH:]) for one in each)
