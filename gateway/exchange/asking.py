"""From a request as sent to what is asked: normalised, pseudonymised, frozen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.auth.caller import Caller, ClientCaller, PersonCaller
from gateway.auth.explicit import PersonRequest
from gateway.catalogue.naming import unknown_dataset, unknown_fields
from gateway.catalogue.repository import DatasetRow
from gateway.clock import from_datetime
from gateway.errors import InvalidRequest, NotFound
from gateway.exchange.errors import ConfirmationNeeded
from gateway.policy import Asked, ExplicitRequest, OwnRequest
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects.identifiers import by_scheme, schemes_twice
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from gateway.web.faults import Fault, Rules, fault, of_values
from schemas.api.exchanges import EITHER_FORM, ExchangeRequest, ExplicitRequestBody, mixed_forms
from schemas.api.subject import Confirm
from schemas.members import members

SUBJECT_ACCESS = "subject-access"
_CONFIRM = "/subject/confirm"


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


def rules(request: ExchangeRequest, dataset: DatasetRow | None, *, confirmed: bool) -> Rules:
    """What the shape alone cannot show; `confirmed` where the caller must confirm the person."""
    yield schemes_twice(request)
    if dataset is None:
        yield unknown_dataset(request, dataset)
        return
    yield unknown_fields(dataset.record_type, request, "fields", "fields")
    yield _schemes(request, dataset)
    yield _confirmations(request, dataset.confirmations if confirmed else ())


def explicit_form(request: ExchangeRequest) -> Iterator[Fault]:
    """For a request that is not whole; where it is, its model has seen to it. What is not sound counts as sent."""
    sent = request.explicit_request
    names = ("person_token", "requested_at", "channel", "reference")
    if sent is not None and mixed_forms(*(getattr(sent, name, "") for name in names)):
        yield fault(("explicitRequest",), EITHER_FORM)


def ask(
    request: ExchangeRequest,
    caller: Caller,
    dataset: DatasetRow,
    keys: PseudonymKeys,
    own: PersonRequest | None = None,
) -> Ask:
    """What is asked. Raises `InvalidRequest` with every fault at once; `ConfirmationNeeded` where that is all.

    `own`: the person's own request, verified, where its token was shown.
    """
    faults = of_values(rules(request, dataset, confirmed=isinstance(caller, ClientCaller)))
    if faults:
        only = all(one["pointer"] == _CONFIRM for one in faults)
        raise (ConfirmationNeeded if only else InvalidRequest)(errors=faults)
    identifiers = by_scheme(request)
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
        confirm = _confirmed(request, dataset)
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


def _schemes(request: ExchangeRequest, dataset: DatasetRow) -> Iterator[Fault]:
    schemes = dataset.identifier_schemes
    for identifier in request.subject.identifiers:
        if identifier.scheme in schemes:
            return
    yield fault(("subject", "identifiers"), f"this dataset takes {', '.join(schemes)}")


def _confirmations(request: ExchangeRequest, wanted: Sequence[str]) -> Iterator[Fault]:
    """All that the dataset confirms a person by, and nothing else: who sends more believes that it is compared."""
    given = request.subject.confirm
    for name, member in members(Confirm).items():
        # What was sent and is not sound has its own fault already.
        sent = given is not None and getattr(given, member.attribute, "") is not None
        if name in wanted and not sent:
            yield {"pointer": _CONFIRM, "detail": f"{name} is needed"}
        elif sent and name not in wanted:
            by = (
                f"this dataset confirms a person by {', '.join(wanted)} alone"
                if wanted
                else "nobody is confirmed here"
            )
            yield fault(("subject", "confirm", name), f"{by}: it would not be compared, so leave it out")


def _confirmed(request: ExchangeRequest, dataset: DatasetRow) -> dict[str, str]:
    given = request.subject.confirm
    sent = given.model_dump(exclude_none=True, by_alias=True, mode="json") if given else {}
    return {name: sent[name] for name in dataset.confirmations}
