"""The facts that a decision is made of: frozen, plain, gathered by whoever calls. Times are microseconds, UTC.

A default is never a fact: it is what refuses when nobody said better. Whoever gathers facts says each of them. Only
`max_uses` differs: it is no support of a permit but a restriction, which a person may have left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Signal = Literal["consent", "explicit-request", "notified", "none"]
NOTHING: frozenset[str] = frozenset()
FAR_FUTURE = 2**62
LAWFUL_BASES: Final = frozenset({"6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(ea)", "6(1)(f)"})
"""UK GDPR Art 6(1), as amended by the Data (Use and Access) Act 2025, spelt in this one way."""


@dataclass(frozen=True, slots=True)
class ExplicitRequest:
    """The caller's word that the person asked for this: when, through which channel, under which reference."""

    requested_at: int
    channel: str
    reference: str


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """The person's own word that they asked for this: when, and which trusted issuer vouches for it.

    `same_person`: every identifier that was sent and is asked by is one of the person's who gave it.
    """

    requested_at: int
    issuer: str
    same_person: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. `by_person` is True where a person looks at their own record."""

    dataset: str
    purpose: str
    fields: frozenset[str]
    consumer: str
    by_person: bool = False
    explicit_request: ExplicitRequest | OwnRequest | None = None


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """Status of those who take part; anything but `active` refuses."""

    client: str = "unknown"
    consumer: str = "unknown"
    provider: str = "unknown"


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """The dataset asked for. `special_category` and `criminal_offence` as UK GDPR Arts 9 and 10 mean them."""

    id: str
    status: str = "unknown"
    special_category: bool = True
    criminal_offence: bool = True
    show_to_subject: bool = False
    fields: frozenset[str] = NOTHING


@dataclass(frozen=True, slots=True)
class LegalAuthority:
    """The law key. `legal_power`: statute and section. `lawful_basis`: one of `LAWFUL_BASES`, say `6(1)(e)`."""

    legal_power: str = ""
    lawful_basis: str = ""
    article9_condition: str | None = None
    article10_authority: str | None = None
    confidentiality_basis: str | None = None


@dataclass(frozen=True, slots=True)
class PurposeTerms:
    """One purpose of an agreement: its one authority, and the signal that it asks of the person.

    `signal_reason` is needed for `none`. `notice_version` is what a `notified` person must have been given.
    `explicit_request_days`: how old an explicit request may be; under 1 accepts none. `digest` names the terms in
    words, as a person reads them who consents: other words, another digest.
    """

    authority: LegalAuthority | None = None
    signal: Signal | None = None
    signal_reason: str | None = None
    notice_version: str | None = None
    explicit_request_days: int = 0
    needs_confidentiality_basis: bool = True
    digest: str = ""


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """The agreement between consumer and provider for this dataset, in the version in force (or the newest).

    Valid from `valid_from` to just before `valid_until`. A limit under 1 allows no fetch at all, not even a repeat.
    """

    id: str
    version: int
    status: str = "unknown"
    valid_from: int = FAR_FUTURE
    valid_until: int = 0
    purposes: Mapping[str, PurposeTerms] = field(default_factory=dict)
    fields: frozenset[str] = NOTHING
    per_minute: int = 0
    per_day: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Fetches counted against the agreement.

    `in_minute` lies in the sliding 60 s before now, `in_day` in the UTC day; `minute_free_at` and `day_free_at` are
    when room is next made, in microseconds.
    """

    in_minute: int
    in_day: int
    minute_free_at: int = 0
    day_free_at: int = 0


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """The person's consent for this consumer, dataset and purpose.

    `fields` were granted (the required ones and those chosen); `offered` were optional and not chosen.
    `uses` counts releases; `max_uses` None: the person set no limit; under 1 allows none, not even a repeat. `terms`
    is the digest of the terms that it was asked under.
    """

    id: str
    status: str = "unknown"
    fields: frozenset[str] = NOTHING
    offered: frozenset[str] = NOTHING
    expires_at: int = 0
    uses: int = FAR_FUTURE
    max_uses: int | None = None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """The newest notice that the consumer says it gave to this person for this purpose."""

    version: str
    given_at: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision knows. Whatever is left out refuses.

    `confirmation_locked_until`: too many wrong confirmations (0: not locked; whoever gathers the facts must say so).
    `repeat`: this exchange id has released
    before, so that neither the day nor the consent counts a further use; the rate does, since the source is read.
    `request_used`: the person's own request has opened another exchange already.
    """

    now: int
    parties: PartyFacts = PartyFacts()
    dataset: DatasetFacts | None = None
    agreement: AgreementFacts | None = None
    usage: Usage | None = None
    consent: ConsentFacts | None = None
    notice: NoticeFacts | None = None
    confirmation_locked_until: int = FAR_FUTURE
    repeat: bool = False
    request_used: bool = True
