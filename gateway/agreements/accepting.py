"""Accepting: a signature by a key of a client of that agency that holds `agreements:accept`.

The payload is the RFC 8785 JSON of {"agreement", "version", "sha256"}, so that a signature binds one text of one
version and nothing else. Attacked by `tests/agreements/test_accepting.py`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError

from gateway.agencies import repository as agencies
from gateway.agencies.keys import PublicKey, algorithms, public_keys
from gateway.agencies.tables import agency
from gateway.agreements import repository
from gateway.agreements.drafting import must_be_active, of_party
from gateway.agreements.errors import AcceptanceInvalid, AlreadyAccepted, NotThisVersion
from gateway.agreements.repository import AcceptanceRow, AgreementRow
from gateway.agreements.tables import agreement
from gateway.db.intent import AGENCY, AGREEMENT, Lock, Transaction
from gateway.ledger.entry import append


def acceptance_payload(agreement_id: str, version: int, sha256: str) -> bytes:
    """What is signed."""
    return rfc8785.dumps({"agreement": agreement_id, "version": version, "sha256": sha256})


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept the newest version. Once both agencies have, it is the one in force."""

    agreement_id: str
    version: int
    agency_id: str
    jws: str

    def locks(self) -> Sequence[Lock]:
        return (
            Lock(AGENCY, self.agency_id, agency, share=True),
            Lock(AGREEMENT, self.agreement_id, agreement),
        )

    def apply(self, tx: Transaction) -> AgreementRow:
        must_be_active(tx, self.agency_id)
        row = of_party(tx, self.agreement_id, self.agency_id)
        if self.version != row.version or row.version == row.in_force or row.status == "ended":
            raise NotThisVersion
        accepted = {a.agency_id for a in repository.acceptances(tx, row.id) if a.version == self.version}
        if self.agency_id in accepted:
            raise AlreadyAccepted
        stored = repository.version_text(tx, row.id, self.version)
        assert stored is not None
        client_id = self._signed_by(tx, acceptance_payload(row.id, self.version, stored[1]))
        acceptance = AcceptanceRow(self.agency_id, client_id, self.version, self.jws, tx.now)
        repository.insert_acceptance(tx, row.id, acceptance)
        both = accepted | {self.agency_id} == {row.consumer_id, row.provider_id}
        if both:
            suspended = row.status == "suspended"
            row = row._replace(in_force=self.version, status="suspended" if suspended else "in-force")
        elif not row.in_force:
            row = row._replace(status="accepted")
        repository.write_agreement(tx, row)
        event = {
            "kind": "agreement-accepted",
            "agreement": row.id,
            "version": self.version,
            "sha256": stored[1],
            "by": self.agency_id,
            "client": client_id,
            "inForce": both,
            "consumer": row.consumer_id,
            "provider": row.provider_id,
            "dataset": row.dataset_id,
        }
        append(tx, event, (row.consumer_id, row.provider_id))
        return row

    def _signed_by(self, tx: Transaction, payload: bytes) -> str:
        """The client whose key made the signature."""
        for client in agencies.clients_of(tx, self.agency_id):
            if client.status != "active" or "agreements:accept" not in json.loads(client.scopes) or not client.jwks:
                continue
            for key in public_keys(client.jwks):
                if _verifies(self.jws, key, payload):
                    return client.id
        raise AcceptanceInvalid(errors=[{"pointer": "/jws", "detail": "no accepting key of your agency made it"}])


def _verifies(token: str, key: PublicKey, payload: bytes) -> bool:
    try:
        found = jws.deserialize_compact(token, key, algorithms=list(algorithms(key)))
    except (JoseError, ValueError, TypeError):
        return False
    kid = found.headers().get("kid")
    return found.payload == payload and (kid is None or kid == key.kid)
