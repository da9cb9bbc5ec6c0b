"""What the room refuses. Agencies and clients are no persons: their ids may stand in these texts."""

from gateway.errors import Conflict, InvalidRequest, NotFound


class NoSuchAgency(NotFound):
    """No agency of this id."""

    code = "no-such-agency"
    title = "There is no such agency"
    explanation = "Look the agency's id up in the catalogue: GET /v1/agencies."


class NoSuchClient(NotFound):
    """No client of this id."""

    code = "no-such-client"
    title = "There is no such client"
    explanation = "Check the client's id with the operator who registered it."


class AlreadyRegistered(Conflict):
    """The id is taken."""

    code = "already-registered"
    title = "An agency or client of this id is registered already"
    explanation = "Choose another id, or update what is registered."


class RegistrationInvalid(InvalidRequest):
    """An id, a name or a kind that cannot be taken."""

    code = "registration-invalid"
    title = "The registration is not valid"
    explanation = "The detail says which part of the registration to mend."


class ScopesNotAllowed(RegistrationInvalid):
    """Unknown scopes, or scopes that may not meet in one client."""

    code = "scopes-not-allowed"
    title = "The client may not hold these scopes"
    explanation = "Who exchanges records (exchanges:write) may not accept agreements (agreements:accept)."


class KeysNotAllowed(RegistrationInvalid):
    """A key set that is not public, not strong enough or not readable."""

    code = "keys-not-allowed"
    title = "The client's keys cannot be taken"
    explanation = "Give public keys only: EC P-256, Ed25519, or RSA of 2048 bits or more; each `kid` once."
