"""The room's verbs: request, show, list, grant, decline, revoke; the receipt of a consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.agreements.foreseen import agreement_for
from gateway.auth.caller import Caller, ClientCaller, PersonCaller
from gateway.catalogue.naming import named
from gateway.clock import Clock, to_iso
from gateway.consent import repository
from gateway.consent.deciding import Decline, Evidence, Grant, Revoke
from gateway.consent.errors import NoIdentifiers, NoSuchConsent
from gateway.consent.linking import seen
from gateway.consent.receipt import ConsentReceipts
from gateway.consent.repository import ConsentRow, paths
from gateway.consent.requesting import RequestConsent
from gateway.consent.rules import consent_rules
from gateway.db.connection import Connection
from gateway.db.store import Store
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects import repository as subjects
from gateway.subjects.identifiers import first_of
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from gateway.web.faults import Rules
from schemas.api.consents import Consent, ConsentDecision, ConsentRequest, Revocation
from schemas.api.lists import Page

PAGE = 100


@dataclass(frozen=True, slots=True)
class Consents:
    """The person's key."""

    store: Store
    clock: Clock
    pseudonyms: PseudonymKeys
    receipts: ConsentReceipts

    async def request(self, caller: ClientCaller, body: ConsentRequest) -> Consent:
        """An agency asks a person."""
        agreement_id = await agreement_for(self.store, self.clock, caller.agency_id, body, consent_rules)
        known_as = pseudonyms(self.pseudonyms, first_of(body))
        row = await self.store.commit(
            RequestConsent(
                caller.actor,
                known_as,
                body.dataset,
                body.purpose,
                frozenset(body.fields),
                frozenset(body.optional_fields),
                body.valid_days,
                body.max_uses,
                agreement_id,
                body.case_reference,
            )
        )
        return self._body(row)

    async def decide(self, caller: PersonCaller, consent_id: str, body: ConsentDecision) -> Consent:
        """The person grants, choosing among the optional fields, or declines."""
        known_as, evidence = self._person(caller), Evidence(caller.issuer, caller.acr)
        if body.decision == "grant":
            chosen = frozenset(body.optional_fields)
            await seen(self.store, known_as)
            rivals = tuple(await self.store.read(repository.rivals, consent_id))
            return self._body(await self.store.commit(Grant(consent_id, known_as, chosen, evidence, rivals)))
        return self._body(await self.store.commit(Decline(consent_id, known_as, evidence)))

    async def revoke(self, caller: Caller, consent_id: str, body: Revocation | None) -> Consent:
        """The person revokes, or the agency that holds the consent gives it up. Acknowledged means in force."""
        reason = body.reason if body else None
        by = self._person(caller) if isinstance(caller, PersonCaller) else caller.actor
        return self._body(await self.store.commit(Revoke(consent_id, by, reason)))

    async def show(self, caller: Caller, consent_id: str) -> Consent:
        """One consent: to its person, its consumer and its provider."""
        return self._body(await self._visible(caller, consent_id))

    async def receipt(self, caller: Caller, consent_id: str) -> str:
        """The receipt of the latest decision about a consent, as a compact JWS."""
        row = await self._visible(caller, consent_id)
        found = await self.receipts.of(row)
        if found is None:
            raise NoSuchConsent
        return found

    async def list(self, caller: Caller, after: str, limit: int) -> Page[Consent]:
        """A person's own, or those that the caller's agency asked for."""
        if isinstance(caller, PersonCaller):
            column, owner = "subject_id", await seen(self.store, self._person(caller))
        else:
            column, owner = "consumer_id", caller.agency_id
        rows = await self.store.read(repository.listed, column, owner, after, limit + 1)
        items = [self._body(row) for row in rows[:limit]]
        return Page[Consent](items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)

    async def of(self, identifiers: Mapping[str, str]) -> Sequence[Consent]:
        """All that the person with these identifiers was asked, the newest first. It asks for no proof."""
        known_as = pseudonyms(self.pseudonyms, identifiers)

        def read(connection: Connection) -> Sequence[ConsentRow]:
            mine = subjects.resolve(connection, known_as).subjects
            rows = [row for one in mine for row in repository.listed(connection, "subject_id", one, "", PAGE)]
            return sorted(rows, key=lambda row: row.id, reverse=True)

        return [self._body(row) for row in await self.store.read(read)]

    def _person(self, caller: PersonCaller) -> tuple[Pseudonyms, ...]:
        if not caller.identifiers:
            raise NoIdentifiers
        return pseudonyms(self.pseudonyms, dict(caller.identifiers))

    async def _visible(self, caller: Caller, consent_id: str) -> ConsentRow:
        known_as = self._person(caller) if isinstance(caller, PersonCaller) else ()

        def read(connection: Connection) -> ConsentRow:
            row = repository.find(connection, consent_id)
            if row is not None and isinstance(caller, ClientCaller):
                mine = caller.agency_id in (row.consumer_id, row.provider_id)
            else:
                mine = row is not None and row.subject_id in subjects.resolve(connection, known_as).subjects
            if row is None or not mine:
                raise NoSuchConsent
            return row

        return await self.store.read(read)

    async def rules_of_request(self, _: Caller, body: ConsentRequest) -> Rules:
        """Of a body that is not whole (`gateway.web.faults`)."""
        return consent_rules(body, await self.store.read(named, body))

    def _body(self, row: ConsentRow) -> Consent:
        status = row.standing(self.clock.now())
        return Consent.model_validate(
            {
                "id": row.id,
                "status": status,
                "consumer": row.consumer_id,
                "provider": row.provider_id,
                "dataset": row.dataset_id,
                "purpose": row.purpose,
                "agreement": row.agreement_id,
                "agreement_version": row.agreement_version,
                "legal_power": row.legal_power,
                "required_fields": sorted(paths(row.required)),
                "optional_fields": sorted(paths(row.optional)),
                "chosen_fields": sorted(paths(row.chosen)),
                "requested_at": to_iso(row.requested_at),
                "decide_by": to_iso(row.decide_by) if status == "requested" else None,
                "decided_at": to_iso(row.decided_at) if row.decided_at else None,
                "expires_at": to_iso(row.expires_at) if row.expires_at else None,
                "revoked_at": to_iso(row.revoked_at) if row.revoked_at else None,
                "valid_days": row.valid_days,
                "max_uses": row.max_uses,
                "uses": row.uses,
            },
            by_name=True,
        )
