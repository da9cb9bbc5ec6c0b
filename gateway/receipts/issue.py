"""Issuing receipts: a compact JWS, ES256, `typ: threekeys-receipt+jwt`.

A receipt is made once its entry is durable, never before: it promises what the ledger already holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic_core import to_json

from gateway.clock import MICROSECONDS, Clock, SystemClock, to_iso
from gateway.ledger.entry import Commitment
from gateway.signing.directory import KeyDirectory
from gateway.signing.keys import Purpose

TYP = "threekeys-receipt+jwt"
PROMISE = 60 * MICROSECONDS
"""By when after its commit an entry is in a signed checkpoint."""


class Statement(Protocol):
    """What a receipt is about."""

    def claims(self) -> dict[str, Any]:
        """The claims of its kind, camelCase, `kind` first."""


@dataclass(frozen=True, slots=True)
class ExchangeStatement:
    """An exchange, as decided: no subject, no value. `withheld`: [{"field": …, "reason": …}]."""

    exchange_id: str
    outcome: str
    dataset: str
    record_type: str
    purpose: str
    fields: Sequence[str]
    withheld: Sequence[Mapping[str, str]]
    agreement_id: str | None
    agreement_version: int | None
    consent_id: str | None
    consumer: str
    provider: str

    def claims(self) -> dict[str, Any]:
        agreement = None
        if self.agreement_id is not None:
            agreement = {"id": self.agreement_id, "version": self.agreement_version}
        return {
            "kind": "exchange",
            "exchangeId": self.exchange_id,
            "outcome": self.outcome,
            "dataset": self.dataset,
            "recordType": self.record_type,
            "purpose": self.purpose,
            "fields": list(self.fields),
            "withheld": [dict(one) for one in self.withheld],
            "agreement": agreement,
            "consentId": self.consent_id,
            "consumer": self.consumer,
            "provider": self.provider,
        }


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """A person's decision, theirs to keep. `decision`: granted, declined or revoked; `expires_at` in microseconds."""

    consent_id: str
    decision: str
    dataset: str
    purpose: str
    fields: Sequence[str]
    consumer: str
    provider: str
    expires_at: int | None

    def claims(self) -> dict[str, Any]:
        return {
            "kind": "consent",
            "consentId": self.consent_id,
            "decision": self.decision,
            "dataset": self.dataset,
            "purpose": self.purpose,
            "fields": list(self.fields),
            "consumer": self.consumer,
            "provider": self.provider,
            "expiresAt": None if self.expires_at is None else to_iso(self.expires_at),
        }


class ReceiptIssuer:
    """Signs receipts in the gateway's name. `origin` is that of the ledger's checkpoints."""

    def __init__(
        self, keys: KeyDirectory, issuer: str, origin: str, clock: Clock | None = None, promise: int = PROMISE
    ) -> None:
        self._keys = keys
        self._clock = clock or SystemClock()
        self._issuer = issuer
        self._origin = origin
        self._promise = promise

    def __reduce__(self) -> tuple[Any, ...]:
        """It travels without its keys (`KeyDirectory`)."""
        return type(self), (self._keys, self._issuer, self._origin, self._clock, self._promise)

    def included_by(self, committed_at: int) -> str:
        """The time that a receipt promises inclusion by (RFC 3339), for an entry committed at that time (micros)."""
        return to_iso(committed_at + self._promise)

    def issue(self, statement: Statement, entry: Commitment, committed_at: int) -> str:
        """The receipt for an entry that is durable. `committed_at` in microseconds.

        It may be signed long after, with a key that is younger than the decision: it says both times.
        """
        claims = {
            "iss": self._issuer,
            "iat": max(self._clock.now(), committed_at) // MICROSECONDS,
            "jti": entry.entry_id,
            **statement.claims(),
            "decidedAt": to_iso(committed_at),
            "ledger": self._origin,
            "commitment": entry.commitment_hex,
            "salt": entry.salt.hex(),
            "includedBy": self.included_by(committed_at),
        }
        return self._keys.current(Purpose.RECEIPT).sign_jws(TYP, to_json(claims))
