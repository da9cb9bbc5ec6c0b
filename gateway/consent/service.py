"""The room's verbs: request, show, list, grant, decline, revoke; notices; the receipt of a consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.agreements import repository as agreements
from gateway.agreements import terms
from gateway.auth.caller import Caller, ClientCaller, PersonCaller
from gateway.catalogue import repository as catalogue
from gateway.catalogue.errors import NoSuchDataset
from gateway.clock import Clock, from_datetime, to_iso
from gateway.consent import repository
from gateway.consent.deciding import Decline, Evidence, Grant, Revoke
from gateway.consent.errors import NoIdentifiers, NoSuchConsent
from gateway.consent.linking import seen
from gateway.consent.receipt import ConsentReceipts
from gateway.consent.repository import ConsentRow, paths
from gateway.consent.requesting import RecordNotice, RequestConsent
from gateway.db.connection import Connection
from gateway.db.store import Store
from gateway.errors import InvalidRequest
from gateway.policy import covered
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects import repository as subjects
from gateway.subjects.identifiers import check_reference, normalised
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from schemas.api.consents import Consent, ConsentDecision, ConsentRequest, Notice, NoticeBody, Revocation
from schemas.api.lists import Page
from schemas.records import field_paths

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
        record_type, agreement_id = await self._under(caller.agency_id, body.dataset, body.purpose)
        faults = _faults(body, record_type)
        identifiers = normalised(body.subject.identifiers, "/subject/identifiers", faults)
        known_as = pseudonyms(self.pseudonyms, identifiers)
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

    async def notify(self, caller: ClientCaller, body: NoticeBody) -> Notice:
        """An agency records that it notified a person."""
        known_as = pseudonyms(self.pseudonyms, normalised(body.subject.identifiers, "/subject/identifiers"))
        _check_code(body.channel, "/channel")
        _, agreement_id = await self._under(caller.agency_id, body.dataset, body.purpose)
        row = await self.store.commit(
            RecordNotice(
                caller.actor,
                known_as,
                body.dataset,
                body.purpose,
                body.notice_version,
                body.channel,
                from_datetime(body.given_at),
                agreement_id,
            )
        )
        return Notice(
            id=row.id,
            dataset=row.dataset_id,
            purpose=row.purpose,
            notice_version=row.notice_version,
            channel=row.channel,
            given_at=to_iso(row.given_at),
        )

    async def decide(self, caller: PersonCaller, consent_id: str, body: ConsentDecision) -> Consent:
        """The person grants, choosing among the optional fields, or declines."""
        known_as, evidence = self._person(caller), Evidence(caller.issuer, caller.acr)
        if body.decision == "grant":
            chosen = frozenset(body.optional_fields)
            await seen(self.store, known_as)
            return self._body(await self.store.commit(Grant(consent_id, known_as, chosen, evidence)))
        return self._body(await self.store.commit(Decline(consent_id, known_as, evidence)))

    async def revoke(self, caller: Caller, consent_id: str, body: Revocation | None) -> Consent:
        """The person revokes, or the agency that holds the consent gives it up. Acknowledged means in force."""
        reason = body.reason if body else None
        _check_code(reason, "/reason")
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

    async def _under(self, consumer_id: str, dataset_id: str, purpose: str) -> tuple[str, str]:
        """(record type, agreement id or "") for the locks; the commit reads all of it afresh."""

        def read(connection: Connection) -> tuple[str, str]:
            dataset = catalogue.find(connection, dataset_id)
            if dataset is None:
                raise NoSuchDataset
            rows = agreements.between(connection, consumer_id, dataset_id)
            chosen = terms.choose(rows, purpose, connection, self.clock.now())
            return dataset.record_type, chosen.id if chosen else ""

        return await self.store.read(read)

    def _body(self, row: ConsentRow) -> Consent:
        status = row.status
        if status == "active" and row.expires_at is not None and row.expires_at <= self.clock.now():
            status = "expired"
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
                "decided_at": to_iso(row.decided_at) if row.decided_at else None,
                "expires_at": to_iso(row.expires_at) if row.expires_at else None,
                "revoked_at": to_iso(row.revoked_at) if row.revoked_at else None,
                "max_uses": row.max_uses,
                "uses": row.uses,
            }
        )


def _faults(body: ConsentRequest, record_type: str) -> list[dict[str, str]]:
    known = field_paths(record_type)
    faults = [
        {"pointer": f"/{member}/{n}", "detail": f"{record_type} has no such field"}
        for member, names in (("fields", body.fields), ("optionalFields", body.optional_fields))
        for n, name in enumerate(names)
        if name not in known
    ]
    faults += [
        {"pointer": f"/optionalFields/{n}", "detail": "it is required already"}
        for n, name in enumerate(body.optional_fields)
        if covered(name, frozenset(body.fields))
    ]
    check_reference(body.case_reference, "/caseReference", faults)
    return faults


def _check_code(value: str | None, pointer: str) -> None:
    faults: list[dict[str, str]] = []
    check_reference(value, pointer, faults)
    if faults:
        raise InvalidRequest(errors=faults)
