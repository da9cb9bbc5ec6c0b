"""What a text may not say, though its shape would let it: it contradicts itself, or the catalogue.

Rules (`gateway.web.faults`): for a whole text, and for what is sound of one that is not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.agencies import repository as agencies
from gateway.agreements.terms import terms_of
from gateway.catalogue.naming import named, unknown_dataset, unknown_fields
from gateway.catalogue.repository import DatasetRow
from gateway.clock import from_datetime
from gateway.db.connection import Connection
from gateway.policy import covered, rests_on_consent
from gateway.web.faults import Fault, Rules, fault
from schemas.api.agreements import AgreementText, PurposeBody


@dataclass(frozen=True, slots=True)
class Catalogued:
    """What the catalogue holds of that which a text names. Without a dataset, nothing is special about its data."""

    dataset: DatasetRow | None
    consumer: bool

    @property
    def special(self) -> bool:
        """Whether the data is of a special category (UK GDPR Art 9)."""
        return self.dataset is not None and bool(self.dataset.special_category)

    @property
    def criminal(self) -> bool:
        """Whether the data is about offences (UK GDPR Art 10)."""
        return self.dataset is not None and bool(self.dataset.criminal_offence)


def catalogued(connection: Connection, text: AgreementText) -> Catalogued:
    """What the catalogue holds; the text may be one that is not whole."""
    consumer = getattr(text, "consumer", None)
    return Catalogued(
        named(connection, text), consumer is not None and agencies.find_agency(connection, consumer) is not None
    )


def text_rules(text: AgreementText, known: Catalogued) -> Rules:
    """Of a text."""
    yield unknown_dataset(text, known.dataset)
    if known.dataset is not None:
        yield _provider(text, known.dataset)
        yield unknown_fields(known.dataset.record_type, text, "fields", "fields")
    yield _consumer(text, known)
    yield _oneself(text)
    yield _validity(text)
    yield _covered(text)
    yield _codes(text)
    for n in range(len(text.purposes)):
        for rule in _PURPOSE:
            yield _purpose(text, n, rule, known)


def _provider(text: AgreementText, dataset: DatasetRow) -> Iterator[Fault]:
    if dataset.provider_id != text.provider:
        yield fault(("provider",), "the dataset is offered by another agency")


def _consumer(text: AgreementText, known: Catalogued) -> Iterator[Fault]:
    if text.consumer and not known.consumer:
        yield fault(("consumer",), "there is no such agency: GET /v1/agencies")


def _oneself(text: AgreementText) -> Iterator[Fault]:
    if text.consumer == text.provider:
        yield fault(("consumer",), "an agency makes no agreement with itself")


def _validity(text: AgreementText) -> Iterator[Fault]:
    if from_datetime(text.valid_until) <= from_datetime(text.valid_from):
        yield fault(("validUntil",), "it must be after validFrom")


def _covered(text: AgreementText) -> Iterator[Fault]:
    for n, name in enumerate(text.fields):
        if name in text.fields[:n] or covered(name, frozenset(text.fields) - {name}):
            yield fault(("fields", n), "another name in this list covers it already")


def _codes(text: AgreementText) -> Iterator[Fault]:
    codes = [getattr(purpose, "code", None) for purpose in text.purposes]  # where it is sound
    if any(code is not None and code in codes[:n] for n, code in enumerate(codes)):
        yield fault(("purposes",), "a purpose stands here twice; each has exactly one authority")


@dataclass(frozen=True, slots=True)
class _Rule:
    """Of one purpose: where the fault lies in it, when there is one, and what it says."""

    at: tuple[str, ...]
    broken: Callable[[PurposeBody, Catalogued], bool]
    detail: str


def _without_consent(purpose: PurposeBody, known: Catalogued) -> bool:
    authority = terms_of(purpose).authority
    return (
        authority is not None and purpose.signal != "consent" and rests_on_consent(authority, special=known.special)
    )


_PURPOSE = (
    _Rule(("signal",), _without_consent, "an authority under 6(1)(a) or 9(2)(a) asks for the signal consent"),
    _Rule(
        ("authority", "confidentialityBasis"),
        lambda purpose, _: purpose.needs_confidentiality_basis and not purpose.authority.confidentiality_basis,
        "the purpose says that it needs one",
    ),
    _Rule(
        ("signalReason",),
        lambda purpose, _: purpose.signal == "none" and not purpose.signal_reason,
        "the signal none needs its reason",
    ),
    _Rule(
        ("noticeVersion",),
        lambda purpose, _: purpose.signal == "notified" and not purpose.notice_version,
        "the signal notified needs the version of the notice",
    ),
    _Rule(
        ("authority", "article9Condition"),
        lambda purpose, known: known.special and not purpose.authority.article9_condition,
        "special category data needs an Article 9 condition",
    ),
    _Rule(
        ("authority", "article10Authority"),
        lambda purpose, known: known.criminal and not purpose.authority.article10_authority,
        "criminal offence data needs an Article 10 authority",
    ),
)


def _purpose(text: AgreementText, n: int, rule: _Rule, known: Catalogued) -> Iterator[Fault]:
    if rule.broken(text.purposes[n], known):
        yield fault(("purposes", n, *rule.at), rule.detail)
