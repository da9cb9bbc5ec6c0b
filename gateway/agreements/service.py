"""The room's verbs: draft, read, accept, suspend; the register, and what a consumer may ask for."""

from dataclasses import dataclass

from gateway.agreements import repository, terms
from gateway.agreements.accepting import Accept
from gateway.agreements.drafting import ChangeStatus, Draft, NewVersion
from gateway.agreements.errors import NoSuchAgreement, NotAParty
from gateway.agreements.refusing import limits_left
from gateway.agreements.repository import AgreementRow
from gateway.agreements.terms import text_of
from gateway.agreements.usage import Counter
from gateway.clock import Clock, from_datetime, to_iso
from gateway.db.connection import Connection
from gateway.db.store import Store
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
    """The agreements between agencies. `agency_id` is always the caller's."""

    store: Store
    clock: Clock

    async def draft(self, agency_id: str, text: AgreementText) -> Agreement:
        """Draft version 1."""
        if agency_id not in (text.consumer, text.provider):
            raise NotAParty
        agreement_id = await self.store.commit(Draft(text, agency_id))
        return await self.show(agency_id, agreement_id)

    async def new_version(self, agency_id: str, agreement_id: str, text: AgreementText) -> Agreement:
        """Draft the next version."""
        await self.store.commit(NewVersion(agreement_id, text, agency_id))
        return await self.show(agency_id, agreement_id)

    async def accept(self, agency_id: str, agreement_id: str, body: AcceptanceBody) -> Agreement:
        """Accept the newest version by a signature."""
        await self.store.commit(Accept(agreement_id, body.version, agency_id, body.jws))
        return await self.show(agency_id, agreement_id)

    async def change(self, agency_id: str, agreement_id: str, body: SuspensionBody) -> Agreement:
        """Suspend, resume or end."""
        await self.store.commit(ChangeStatus(agreement_id, agency_id, body.action, body.reason))
        return await self.show(agency_id, agreement_id)

    async def show(self, agency_id: str, agreement_id: str) -> Agreement:
        """One agreement, to its parties only."""
        found = await self.store.read(_show, agency_id, agreement_id)
        if found is None:
            raise NoSuchAgreement
        return found

    async def list(self, agency_id: str, after: str, limit: int) -> Page[Agreement]:
        """The agency's agreements, by id."""

        def read(connection: Connection) -> Page[Agreement]:
            rows = repository.of_party(connection, agency_id, after, limit + 1)
            items = [_body(connection, row) for row in rows[:limit]]
            return Page[Agreement](items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)

        return await self.store.read(read)

    async def register(self, after: str, limit: int) -> Page[RegisterEntry]:
        """Public: every agreement in force; one whose validity has run out is none."""
        now = self.clock.now()

        def read(connection: Connection) -> Page[RegisterEntry]:
            rows = repository.in_force(connection, after, limit + 1)
            items = [
                _entry(connection, row) for row in rows[:limit] if terms.facts(connection, row).valid_until > now
            ]
            return Page[RegisterEntry](items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)

        return await self.store.read(read)

    async def permissions(self, agency_id: str, dataset: str | None) -> Page[Permission]:
        """What this agency may ask for, with the limits left now."""
        now = self.clock.now()

        def read(connection: Connection) -> Page[Permission]:
            items: list[Permission] = []
            for row in repository.of_party(connection, agency_id):
                if row.consumer_id == agency_id and row.in_force and dataset in (None, row.dataset_id):
                    items += _permissions(connection, row, now)
            return Page[Permission](items=items)

        return await self.store.read(read)


def _text(connection: Connection, row: AgreementRow, version: int) -> tuple[AgreementText, str]:
    stored = repository.version_text(connection, row.id, version)
    assert stored is not None
    return text_of(stored[0]), stored[1]


def _show(connection: Connection, agency_id: str, agreement_id: str) -> Agreement | None:
    row = repository.find(connection, agreement_id)
    if row is None or agency_id not in (row.consumer_id, row.provider_id):
        return None
    return _body(connection, row)


def _body(connection: Connection, row: AgreementRow) -> Agreement:
    text, sha256 = _text(connection, row, row.version)
    return Agreement(
        id=row.id,
        status=row.status,
        consumer=row.consumer_id,
        provider=row.provider_id,
        dataset=row.dataset_id,
        version=row.version,
        version_in_force=row.in_force or None,
        sha256=sha256,
        text=text,
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
        suspended_by=row.suspended_by,
    )


def _entry(connection: Connection, row: AgreementRow) -> RegisterEntry:
    text, _ = _text(connection, row, row.in_force)
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
        retention=text.retention,
        onward_use=text.onward_use,
        dpia_reference=text.dpia_reference,
    )


def _permissions(connection: Connection, row: AgreementRow, now: int) -> list[Permission]:
    text, _ = _text(connection, row, row.in_force)
    limits = text.limits
    usage = Counter.read(repository.usage_row(connection, row.id)).usage(now, limits.per_minute)
    left = limits_left(limits.per_minute, limits.per_day, usage)
    return [
        Permission(
            dataset=row.dataset_id,
            provider=row.provider_id,
            purpose=purpose.code,
            signal=purpose.signal,
            fields=list(text.fields),
            agreement=row.id,
            version=row.in_force,
            status=row.status,
            valid_until=to_iso(from_datetime(text.valid_until)),
            limits=left,
        )
        for purpose in text.purposes
    ]
