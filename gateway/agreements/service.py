"""The room's verbs: draft, read, accept, suspend; the register, and what a consumer may ask for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.agreements import repository, terms
from gateway.agreements.accepting import acceptance
from gateway.agreements.availability import WhoMayAskFor, availability
from gateway.agreements.drafting import Draft, NewVersion
from gateway.agreements.errors import NoSuchAgreement, NotAParty
from gateway.agreements.party import of_party
from gateway.agreements.refusing import limits_left
from gateway.agreements.repository import AgreementRow
from gateway.agreements.rules import catalogued, text_rules
from gateway.agreements.suspending import ChangeStatus
from gateway.agreements.terms import text_of
from gateway.agreements.usage import Counter
from gateway.auth.actor import Actor
from gateway.auth.caller import Caller
from gateway.auth.keysets import KeySets
from gateway.clock import Clock, from_datetime, to_iso
from gateway.db.connection import Connection
from gateway.db.store import Store
from gateway.web.faults import Rules
from schemas.api.agreements import (
    Acceptance,
    AcceptanceBody,
    Agreement,
    AgreementText,
    Permission,
    RegisterEntry,
    SuspensionBody,
)
from schemas.api.lists import Page

PAGE = 100


@dataclass(frozen=True, slots=True)
class Agreements:
    """The agreements between agencies. `by` is the client that acts, `agency_id` the agency that reads."""

    store: Store
    clock: Clock
    key_sets: KeySets

    async def draft(self, by: Actor, text: AgreementText) -> Agreement:
        """Draft version 1."""
        if by.agency_id not in (text.consumer, text.provider):
            raise NotAParty
        agreement_id = await self.store.commit(Draft(by, text))
        return await self.show(by.agency_id, agreement_id)

    async def new_version(self, by: Actor, agreement_id: str, text: AgreementText) -> Agreement:
        """Draft the next version."""
        await self.store.commit(NewVersion(agreement_id, by, text))
        return await self.show(by.agency_id, agreement_id)

    async def rules(self, _: Caller, text: AgreementText) -> Rules:
        """Of a text that is not whole (`gateway.web.faults`)."""
        return text_rules(text, await self.store.read(catalogued, text))

    async def accept(self, by: Actor, agreement_id: str, body: AcceptanceBody) -> Agreement:
        """Accept the newest version by a signature."""
        intent = await acceptance(self.store, self.key_sets, by, agreement_id, body.version, body.jws)
        await self.store.commit(intent)
        return await self.show(by.agency_id, agreement_id)

    async def change(self, by: Actor, agreement_id: str, body: SuspensionBody) -> Agreement:
        """Suspend, resume or end."""
        await self.store.commit(ChangeStatus(agreement_id, by, body.action, body.reason))
        return await self.show(by.agency_id, agreement_id)

    async def show(self, agency_id: str, agreement_id: str) -> Agreement:
        """One agreement, to its parties only."""

        def read(connection: Connection) -> Agreement:
            return _body(connection, of_party(connection, agency_id, agreement_id))

        return await self.store.read(read)

    async def text(self, agency_id: str, agreement_id: str, version: int) -> str:
        """The text of a version, byte for byte as it was signed; to its parties only."""

        def read(connection: Connection) -> str:
            row = of_party(connection, agency_id, agreement_id)
            if version > row.version:  # not asked of the database, which holds no number of that size
                raise NoSuchAgreement
            return _stored(connection, row, version)[0]

        return await self.store.read(read)

    async def list(self, agency_id: str, after: str, limit: int) -> Page[Agreement]:
        """The agency's agreements, by id."""

        def read(connection: Connection) -> Page[Agreement]:
            rows = repository.of_party(connection, agency_id, after, limit + 1)
            items = [_body(connection, row) for row in rows[:limit]]
            return Page[Agreement](items=items, next_cursor=_next(rows, limit))

        return await self.store.read(read)

    async def register(self, after: str, limit: int) -> Page[RegisterEntry]:
        """Public: every agreement in force; one whose validity has run out is none."""
        now = self.clock.now()

        def read(connection: Connection) -> Page[RegisterEntry]:
            rows = repository.in_force(connection, after, limit + 1)
            items = [
                _entry(connection, row) for row in rows[:limit] if terms.facts(connection, row).valid_until > now
            ]
            return Page[RegisterEntry](items=items, next_cursor=_next(rows, limit))

        return await self.store.read(read)

    async def permissions(self, agency_id: str, dataset: str | None, after: str, limit: int) -> Page[Permission]:
        """What this agency may ask for, with the limits left now: the purposes of at most `limit` agreements."""
        now = self.clock.now()

        def read(connection: Connection) -> Page[Permission]:
            rows = repository.may_ask(connection, agency_id, dataset, after, limit + 1)
            items = [one for row in rows[:limit] for one in _permissions(connection, row, now)]
            return Page[Permission](items=items, next_cursor=_next(rows, limit))

        return await self.store.read(read)

    async def available(self, dataset_ids: Sequence[str]) -> WhoMayAskFor:
        """Who may ask for these datasets now, by dataset."""
        return await self.store.read(availability, dataset_ids, self.clock.now())


def _next(rows: Sequence[AgreementRow], limit: int) -> str | None:
    """The cursor of the next page, where one row more than the page's was found."""
    return rows[limit - 1].id if len(rows) > limit else None


def _stored(connection: Connection, row: AgreementRow, version: int) -> tuple[str, str]:
    """(text, SHA-256) of a version that is there."""
    stored = repository.version_text(connection, row.id, version)
    assert stored is not None
    return stored


def _body(connection: Connection, row: AgreementRow) -> Agreement:
    text, sha256 = _stored(connection, row, row.version)
    return Agreement(
        id=row.id,
        status=row.status,
        consumer=row.consumer_id,
        provider=row.provider_id,
        dataset=row.dataset_id,
        version=row.version,
        version_in_force=row.in_force or None,
        sha256=sha256,
        text=json.loads(text),
        acceptances=[
            Acceptance(
                agency=a.agency_id,
                client=a.client_id,
                version=a.version,
                accepted_at=to_iso(a.accepted_at),
                jws=a.jws,
            )
            for a in repository.acceptances(connection, row.id)
        ],
        suspended_by=row.suspenders,
    )


def _entry(connection: Connection, row: AgreementRow) -> RegisterEntry:
    text = text_of(_stored(connection, row, row.in_force)[0])
    return RegisterEntry(
        agreement=row.id,
        version=row.in_force,
        title=text.title,
        consumer=row.consumer_id,
        provider=row.provider_id,
        dataset=row.dataset_id,
        fields=list(text.fields),
        purposes=list(text.purposes),
        valid_from=to_iso(from_datetime(text.valid_from)),
        valid_until=to_iso(from_datetime(text.valid_until)),
        controllers=list(text.controllers),
        retention=text.retention,
        onward_use=text.onward_use,
        dpia_reference=text.dpia_reference,
    )


def _permissions(connection: Connection, row: AgreementRow, now: int) -> list[Permission]:
    text = text_of(_stored(connection, row, row.in_force)[0])
    limits = text.limits
    usage = Counter.read(repository.usage_row(connection, row.id)).usage(now, limits.per_minute)
    left = limits_left(limits.per_minute, limits.per_day, usage)
    return [
        Permission(
            dataset=row.dataset_id,
            provider=row.provider_id,
            purpose=purpose.code,
            signal=purpose.signal,
            notice_version=purpose.notice_version,
            fields=list(text.fields),
            agreement=row.id,
            version=row.in_force,
            status=row.status,
            valid_until=to_iso(from_datetime(text.valid_until)),
            limits=left,
        )
        for purpose in text.purposes
    ]
