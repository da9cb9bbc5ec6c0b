"""From a request as sent to what is asked: normalised, pseudonymised, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.auth.caller import Caller, ClientCaller, PersonCaller
from gateway.auth.explicit import PersonRequest
from gateway.catalogue.repository import DatasetRow
from gateway.clock import from_datetime
from gateway.errors import NotFound
from gateway.exchange.errors import ConfirmationNeeded
from gateway.policy import Asked, ExplicitRequest, OwnRequest
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects.identifiers import check_reference, normalised
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from schemas.api.exchanges import ExchangeRequest, ExplicitRequestBody
from schemas.records import field_paths

SUBJECT_ACCESS = "subject-access"


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked, of whom, about whom. `identifiers` and `confirm` hold personal values: never log or show them.

    `known_as` are the pseudonyms of `identifiers`, those that the source is asked by: whose record it is, and so
    whose consent counts, follows from them alone. What else was sent stands `beside`, and can only contradict.
    `client_id` and `consumer_id` are empty where a person asks. `proof` is the DPoP proof's single use,
    `request_once` that of the person's own request, where one was shown.
    """

    asked: Asked
    caller_id: str
    client_id: str
    consumer_id: str
    dataset: DatasetRow
    identifiers: Mapping[str, str]
    known_as: tuple[Pseudonyms, ...]
    confirm: Mapping[str, str]
    proof: bytes | None
    case_reference: str | None = None
    acting_user: str | None = None
    beside: tuple[Pseudonyms, ...] = ()
    request_once: bytes | None = None

    def found_by(self, schemes: frozenset[str]) -> "Ask":
        """The same, now that the record shows by which of the identifiers it was found; the rest stands beside.

        For what was released only: whatever else came of it must leave no trace of what was found.
        """
        if not schemes or not self.client_id:
            return self
        return self.only(schemes)

    def only(self, schemes: frozenset[str]) -> "Ask":
        """The same, the source asked by the identifiers of these schemes alone; the rest stands beside."""
        rest = tuple(one for one in self.known_as if one.scheme not in schemes)
        if not rest:
            return self
        return replace(
            self,
            identifiers={scheme: value for scheme, value in self.identifiers.items() if scheme in schemes},
            known_as=tuple(one for one in self.known_as if one.scheme in schemes),
            beside=(*self.beside, *rest),
        )


def ask(
    request: ExchangeRequest,
    caller: Caller,
    dataset: DatasetRow,
    keys: PseudonymKeys,
    own: PersonRequest | None = None,
) -> Ask:
    """Check what the shape alone cannot: identifiers, fields of the record type, references; every fault at once.

    `own`: the person's own request, verified, where its token was shown.
    """
    identifiers = _check(request, dataset)
    confirm: dict[str, str] = {}
    taken = {s: v for s, v in identifiers.items() if s in dataset.identifier_schemes}
    beside: dict[str, str] = {}
    if isinstance(caller, PersonCaller):
        if request.purpose != SUBJECT_ACCESS or any(
            caller.identifiers.get(scheme) != value for scheme, value in identifiers.items()
        ):
            raise NotFound
        known = dict(caller.identifiers)
    else:
        confirm = _confirmations(request, dataset)
        known, beside = taken, {s: v for s, v in identifiers.items() if s not in taken}
    asked = Asked(
        dataset=dataset.id,
        purpose=request.purpose,
        fields=frozenset(request.fields),
        consumer=caller.agency_id if isinstance(caller, ClientCaller) else "",
        by_person=isinstance(caller, PersonCaller),
        explicit_request=_explicit(request.explicit_request, own, taken, beside),
    )
    return Ask(
        asked=asked,
        caller_id=caller.id,
        client_id=caller.client_id if isinstance(caller, ClientCaller) else "",
        consumer_id=asked.consumer,
        dataset=dataset,
        identifiers=taken,
        known_as=pseudonyms(keys, known),
        confirm=confirm,
        proof=caller.proof,
        case_reference=request.case_reference,
        acting_user=request.acting_user,
        beside=pseudonyms(keys, beside),
        request_once=own.once if own else None,
    )


def _explicit(
    sent: ExplicitRequestBody | None, own: PersonRequest | None, taken: Mapping[str, str], beside: Mapping[str, str]
) -> ExplicitRequest | OwnRequest | None:
    """That the person asked for this, in either form; whether it is that person's is for the policy to judge."""
    if own is not None:
        same = all(own.identifiers.get(scheme) == value for scheme, value in taken.items())
        same = same and all(own.identifiers.get(scheme, value) == value for scheme, value in beside.items())
        return OwnRequest(own.requested_at, own.issuer, same)
    if sent is None or sent.requested_at is None or sent.channel is None or sent.reference is None:
        return None
    return ExplicitRequest(from_datetime(sent.requested_at), sent.channel, sent.reference)


def _check(request: ExchangeRequest, dataset: DatasetRow) -> dict[str, str]:
    """The identifiers, normalised. Raises `InvalidRequest`."""
    faults: list[dict[str, str]] = []
    known = field_paths(dataset.record_type)
    for n, name in enumerate(request.fields):
        if name not in known:
            faults.append({"pointer": f"/fields/{n}", "detail": f"{dataset.record_type} has no such field"})
    schemes = dataset.identifier_schemes
    if not any(identifier.scheme in schemes for identifier in request.subject.identifiers):
        detail = f"this dataset takes {', '.join(schemes)}"
        faults.append({"pointer": "/subject/identifiers", "detail": detail})
    check_reference(request.case_reference, "/caseReference", faults)
    check_reference(request.acting_user, "/actingUser", faults)
    check_reference(request.purpose, "/purpose", faults)
    if request.explicit_request:
        check_reference(request.explicit_request.reference, "/explicitRequest/reference", faults)
        check_reference(request.explicit_request.channel, "/explicitRequest/channel", faults)
    return normalised(request.subject.identifiers, "/subject/identifiers", faults)


def _confirmations(request: ExchangeRequest, dataset: DatasetRow) -> dict[str, str]:
    given = request.subject.confirm
    sent = given.model_dump(exclude_none=True, by_alias=True, mode="json") if given else {}
    missing = [name for name in dataset.confirmations if name not in sent]
    if missing:
        errors = [{"pointer": "/subject/confirm", "detail": f"{name} is needed"} for name in missing]
        raise ConfirmationNeeded(errors=errors)
    return {name: sent[name] for name in dataset.confirmations}
