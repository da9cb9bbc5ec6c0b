"""Accepting: a signature by a key of a client of that agency that holds `agreements:accept`.

The payload is the RFC 8785 JSON of {"agreement", "version", "sha256"}, so that a signature binds one text of one
version and nothing else; its `typ` says that it is an acceptance (RFC 8725, section 3.11), since the same keys sign
assertions and proofs. The key is found as for a client assertion, by `kid` and algorithm, in the set that was
registered or behind its `jwks_uri`. That may ask another host, so it is done before the commit, which sees to it that
the signer is still what it was. Attacked by `tests/agreements/test_accepting.py`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import rfc8785

from gateway.agencies import repository as agencies
from gateway.agencies.repository import ClientRow
from gateway.agencies.tables import client
from gateway.agreements import repository
from gateway.agreements.errors import AcceptanceInvalid, AlreadyAccepted, NotThisVersion
from gateway.agreements.party import OfParty, enter, of_party
from gateway.agreements.repository import AcceptanceRow, AgreementRow
from gateway.auth import compact
from gateway.auth.actor import Actor
from gateway.auth.keysets import KeySets, KeysUnavailable
from gateway.db.connection import Connection
from gateway.db.intent import CLIENT, Lock, Transaction
from gateway.db.store import Store

ACCEPTANCE = "threekeys-acceptance+jwt"
"""The `typ` of an acceptance."""


def acceptance_payload(agreement_id: str, version: int, sha256: str) -> bytes:
    """What is signed."""
    return rfc8785.dumps({"agreement": agreement_id, "version": version, "sha256": sha256})


@dataclass(frozen=True, slots=True)
class Accept(OfParty):
    """Accept the newest version by a signature that `signer` made. Once both agencies have, it is in force."""

    version: int
    jws: str
    signer: ClientRow

    def locks(self) -> Sequence[Lock]:
        return (*OfParty.locks(self), Lock(CLIENT, self.signer.id, client, share=True))

    def apply(self, tx: Transaction) -> AgreementRow:
        row, mine = self.agreement(tx), self.by.agency_id
        if self.version != row.version or row.version == row.in_force or row.status == "ended":
            raise NotThisVersion
        accepted = {a.agency_id for a in repository.acceptances(tx, row.id) if a.version == self.version}
        if mine in accepted:
            raise AlreadyAccepted
        if not self._still_signs(tx):
            raise _invalid("the client whose key made it was changed meanwhile; send it again if it may accept")
        stored = repository.version_text(tx, row.id, self.version)
        assert stored is not None
        acceptance = AcceptanceRow(mine, self.signer.id, self.version, self.jws, tx.now)
        repository.insert_acceptance(tx, row.id, acceptance)
        both = accepted | {mine} == set(row.parties)
        if both:
            suspended = row.status == "suspended"
            row = row._replace(in_force=self.version, status="suspended" if suspended else "in-force")
        elif not row.in_force:
            row = row._replace(status="accepted")
        repository.write_agreement(tx, row)
        enter(
            tx,
            row,
            "agreement-accepted",
            version=self.version,
            sha256=stored[1],
            by=mine,
            client=self.signer.id,
            inForce=both,
        )
        return row

    def _still_signs(self, tx: Transaction) -> bool:
        """Whether the signer may accept, and its keys are where they were when the signature was verified."""
        found = agencies.find_client(tx, self.signer.id)
        if found is None or not _may_accept(found) or found.agency_id != self.by.agency_id:
            return False
        return (found.jwks, found.jwks_uri) == (self.signer.jwks, self.signer.jwks_uri)


async def acceptance(store: Store, key_sets: KeySets, by: Actor, agreement_id: str, version: int, jws: str) -> Accept:
    """The intent, its signature verified. Raises `AcceptanceInvalid`, `NoSuchAgreement` and `NotThisVersion`."""
    sha256, clients = await store.read(_to_verify, by.agency_id, agreement_id, version)
    payload = acceptance_payload(agreement_id, version, sha256)
    try:
        token = compact.read(jws)
    except compact.Unreadable:
        raise _invalid("it cannot be read as a compact JWS") from None
    if token.typ != ACCEPTANCE:
        raise _invalid(f"the typ in its header must be {ACCEPTANCE}")
    signs_it = compact.payload(jws) == payload
    unreachable = []
    for one in clients if signs_it else ():
        try:
            key = await key_sets.find(one.jwks, one.jwks_uri, token.header.get("kid"), token.header.get("alg"))
        except KeysUnavailable:
            unreachable.append(one.id)
            continue
        if key is not None and token.verified_by(key):
            return Accept(agreement_id, by, version, jws, one)
    if unreachable:
        raise _invalid(f"the key set of {', '.join(unreachable)} cannot be fetched: see that its jwks_uri answers")
    raise _invalid("no accepting key of your agency made it, over this agreement, version and sha256")


def _to_verify(
    connection: Connection, agency_id: str, agreement_id: str, version: int
) -> tuple[str, list[ClientRow]]:
    """The hash of the version's text, and whose signature would do."""
    row = of_party(connection, agency_id, agreement_id)
    stored = repository.version_text(connection, row.id, version)
    if stored is None:
        raise NotThisVersion
    return stored[1], [one for one in agencies.clients_of(connection, agency_id) if _may_accept(one)]


def _may_accept(row: ClientRow) -> bool:
    return row.status == "active" and "agreements:accept" in json.loads(row.scopes)


def _invalid(detail: str) -> AcceptanceInvalid:
    return AcceptanceInvalid(errors=[{"pointer": "/jws", "detail": detail}])
