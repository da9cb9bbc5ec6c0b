"""What the room refuses."""

from gateway.agreements.errors import AnotherSignal
from gateway.errors import Conflict, GatewayError, InvalidRequest, NotFound


class NoSuchConsent(NotFound):
    """Not there, or another agency's or person's."""

    code = "no-such-consent"
    title = "There is no such consent, or it is not yours"
    explanation = "GET /v1/consent-requests lists what you asked for, or were asked."


class ConsentNotOpen(Conflict):
    """Decided already, or too old to decide."""

    code = "consent-not-open"
    title = "This request for consent is not open any more"
    explanation = "A request is decided once, within 30 days. The agency may ask again: POST /v1/consent-requests."


class ConsentOutdated(Conflict):
    """Granting it would open nothing, and end the consent that does."""

    code = "consent-terms-changed"
    title = "The terms have changed, or ended, since this request was made"
    explanation = "The agency has to ask again, under terms that are in force: POST /v1/consent-requests."


class ConsentNotActive(Conflict):
    """Only what is requested or active can be revoked."""

    code = "consent-not-active"
    title = "This consent is not active"
    explanation = "A declined, replaced or expired consent releases nothing; there is nothing to revoke."


class TooManyOpenRequests(Conflict):
    """An agency may not bury a person under requests."""

    code = "too-many-open-requests"
    title = "This person has too many open requests of your agency under this agreement"
    explanation = (
        "At most 20 are open at a time. Wait for the person, or take some back: POST /v1/consents/{id}/revocations."
    )


class AskedTooOften(GatewayError):
    """A No is an answer."""

    code = "asked-too-often"
    status = 429
    title = "This person has declined the same three times within a day"
    explanation = (
        "Take the No as an answer, or talk to the person. For this dataset and purpose your agency may ask them again"
        " after Retry-After."
    )


class NotConsentable(AnotherSignal):
    """The agreement does not ask for consent."""

    code = "consent-not-appropriate"
    title = "Asking for consent would be wrong here"
    explanation = (
        "The agreement rests on another signal than consent: asking would give the person a choice that is none. "
        "`signal` is what it rests on; GET /v1/permissions names that of each purpose."
    )


class FieldNotOffered(InvalidRequest):
    """The person chooses a field that was not offered."""

    code = "field-not-offered"
    title = "A chosen field was not offered"
    explanation = "Choose among the optionalFields of the request: GET /v1/consents/{id} shows them."


class NoIdentifiers(InvalidRequest):
    """The person's token names no identifier that could be matched."""

    code = "person-without-identifiers"
    title = "The person's token names no identifier"
    explanation = "The identity provider must assert an identifier (NHS number, NINO, …) for this person."
