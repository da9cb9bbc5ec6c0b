"""Registers the sandbox in a gateway's database, by the intents and signatures that a real one is set up with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.agencies import repository as agencies
from gateway.agencies.registration import AddAgency, AddClient
from gateway.agreements.accepting import ACCEPTANCE, acceptance_payload
from gateway.app import Gateway, build
from gateway.auth.actor import Actor
from gateway.auth.caller import ClientCaller, PersonCaller
from gateway.clock import DAY, SystemClock
from gateway.connector.keys import ClientKey, load_or_generate
from gateway.sandbox import world
from gateway.sandbox.layout import Layout
from gateway.sandbox.people import Person
from gateway.settings import Settings
from schemas.api.agreements import AcceptanceBody, AgreementText
from schemas.api.consents import Consent, ConsentDecision, ConsentRequest
from schemas.api.subject import Identifier, Subject

CONSENTS = (
    ("sandbox.council.casework", world.LICENCES, "blue-badge-eligibility", "nino",
     ("status", "validUntil", "categories"), ("address.postcode",)),
    ("sandbox.benefits.casework", world.PATIENTS, "health-assessment", "nhs-number",
     ("practice", "status"), ("registeredFrom",)),
)  # fmt: skip


class _Earlier(SystemClock):
    """A clock that is some days behind, to make what lies in the past."""

    def __init__(self, days: int) -> None:
        self._behind = days * DAY

    def now(self) -> int:
        return super().now() - self._behind


async def seed(settings: Settings, layout: Layout, people: Sequence[Person]) -> bool:
    """Register everything, once; returns whether there was anything to do."""
    gateway = build(settings)
    try:
        if await gateway.store.read(agencies.all_agencies):
            return False
        await _register(gateway, layout)
        await _agree(gateway, layout)
        await _consent(gateway, people)
        await gateway.sequencer.number()
    finally:
        await _close(gateway)
    past = build(settings, _Earlier(40))
    try:
        for person in people:
            if "consent-expired" in person.traits:
                await _grant(past, person, CONSENTS[0], "grant", valid_days=30)
    finally:
        await _close(past)
    return True


async def _close(gateway: Gateway) -> None:
    await gateway.auth.aclose()
    await gateway.store.aclose()


async def _register(gateway: Gateway, layout: Layout) -> None:
    for agency_id, (name, kind) in world.AGENCIES.items():
        contact = world.CONTACT.format(agency_id.rpartition(".")[2])
        await gateway.store.commit(AddAgency(agency_id, name, kind, contact))
    for client_id, (name, scopes) in world.CLIENTS.items():
        key = load_or_generate(layout.key_file(client_id))
        agency_id = client_id.rpartition(".")[0]
        await gateway.store.commit(AddClient(client_id, agency_id, name, scopes, key.public_jwks()))
    for dataset in world.DATASETS:
        await gateway.store.commit(dataset)


async def _agree(gateway: Gateway, layout: Layout) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since, until = today - timedelta(days=365), today + timedelta(days=5 * 365)
    for deal in world.DEALS:
        text = AgreementText.model_validate(deal.text(since.isoformat(), until.isoformat()))
        agreement = await gateway.agreements.draft(_office(text.consumer), text)
        for agency_id in (text.consumer, text.provider):
            key = ClientKey.load(layout.key_file(f"{agency_id}.data-office"))
            jws = key.sign(
                {"typ": ACCEPTANCE, "kid": key.kid},
                json.loads(acceptance_payload(agreement.id, agreement.version, agreement.sha256)),
            )
            await gateway.agreements.accept(_office(agency_id), agreement.id, AcceptanceBody(version=1, jws=jws))


def _office(agency_id: str) -> Actor:
    return Actor(f"{agency_id}.data-office", agency_id)


async def _consent(gateway: Gateway, people: Sequence[Person]) -> None:
    for person in people:
        decision = "grant" if "consented" in person.traits else ""
        decision = "decline" if "consent-declined" in person.traits else decision
        for terms in CONSENTS if decision else ():
            if terms[3] in person.identifiers:
                await _grant(gateway, person, terms, decision)


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The sandbox's own evidence: these consents were given before the demo began."""

    issuer: str = "urn:threekeys:sandbox:seed"
    acr: str = "urn:threekeys:sandbox:acr:verified"


async def _grant(
    gateway: Gateway,
    person: Person,
    terms: tuple[str, str, str, str, tuple[str, ...], tuple[str, ...]],
    decision: str,
    valid_days: int = 365,
) -> Consent:
    client_id, dataset, purpose, scheme, required, optional = terms
    caller = ClientCaller(client_id, client_id.rpartition(".")[0], frozenset(), "", b"")
    identifier = Identifier.model_validate({"scheme": scheme, "value": person.identifiers[scheme]})
    subject = Subject(identifiers=[identifier])
    request = ConsentRequest(
        dataset=dataset,
        purpose=purpose,
        subject=subject,
        fields=list(required),
        optional_fields=list(optional),
        valid_days=valid_days,
    )
    asked = await gateway.consents.request(caller, request)
    nobody = _Nobody()
    self_ = PersonCaller(nobody.issuer, ("seed",), nobody.acr, person.identifiers)
    body = ConsentDecision.model_validate({"decision": decision})
    return await gateway.consents.decide(self_, asked.id, body)
