"""What an agency asks of a person beforehand (a consent, a notice), held against what an exchange would need.

The same policy, asked as if the person's key were there and no limit were used: what could not open an exchange is
refused at once, before anybody troubles the person with it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from gateway.agreements import repository, terms
from gateway.agreements.errors import AnotherSignal
from gateway.agreements.grounds import Grounds, grounds
from gateway.agreements.refusing import refused
from gateway.auth.actor import Actor
from gateway.catalogue.errors import NoSuchDataset
from gateway.catalogue.naming import NamesDataset, named
from gateway.catalogue.repository import DatasetRow
from gateway.clock import Clock
from gateway.db.connection import Connection
from gateway.db.intent import Transaction
from gateway.db.store import Store
from gateway.errors import InvalidRequest
from gateway.policy import Asked, Facts, PurposeTerms, Refusal, Usage, decide
from gateway.web.faults import Rules, of_values


class NamesPurpose(NamesDataset, Protocol):
    """A body that names a dataset and a purpose."""

    @property
    def purpose(self) -> str: ...


class Foreseeing(Protocol):
    """An intent of an agency's, about a person and an exchange to come."""

    @property
    def by(self) -> Actor: ...
    @property
    def dataset_id(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def agreement_id(self) -> str: ...


B = TypeVar("B", bound=NamesPurpose)


async def agreement_for(
    store: Store, clock: Clock, consumer_id: str, body: B, rules: Callable[[B, DatasetRow | None], Rules]
) -> str:
    """The id of the agreement that a body goes under, or "": for the locks; the commit reads all of it afresh.

    Raises `InvalidRequest`, and `NoSuchDataset` where the body is sound otherwise.
    """

    def read(connection: Connection) -> tuple[DatasetRow | None, str]:
        rows = repository.between(connection, consumer_id, body.dataset)
        chosen = terms.choose(rows, body.purpose, connection, clock.now())
        return named(connection, body), chosen.id if chosen else ""

    dataset, agreement_id = await store.read(read)
    faults = of_values(rules(body, dataset))
    if dataset is None and len(faults) == 1:
        raise NoSuchDataset
    if faults:
        raise InvalidRequest(errors=faults)
    return agreement_id


def grounds_of(tx: Transaction, ask: Foreseeing) -> Grounds:
    """Read afresh, under the agreement that is locked. Raises `ClientSuspended`."""
    ask.by.must_be_active(tx)
    by = ask.by
    return grounds(tx, by.client_id, by.agency_id, ask.dataset_id, ask.purpose, agreement_id=ask.agreement_id)


def terms_on(known: Grounds, purpose: str, signal: str, otherwise: type[AnotherSignal]) -> PurposeTerms | None:
    """What the agreement says of a purpose, if there is anything; `otherwise` where it rests on another signal."""
    terms = known.agreement.purposes.get(purpose) if known.agreement else None
    if terms is not None and terms.signal != signal:
        raise otherwise(terms.signal)
    return terms


def refuse_unless_permitted(
    tx: Transaction, ask: Foreseeing, known: Grounds, fields: frozenset[str], **signal: Any
) -> None:
    """`signal` is the person's key, as a fact of the policy: `consent` or `notice`."""
    if known.row is None:
        raise NoSuchDataset
    asked = Asked(ask.dataset_id, ask.purpose, fields, ask.by.agency_id)
    free = Usage(0, 0, 0, 0)
    facts = Facts(
        tx.now,
        known.parties,
        known.dataset,
        known.agreement,
        free,
        confirmation_locked_until=0,
    )
    verdict = decide(asked, replace(facts, **signal))
    if isinstance(verdict, Refusal):
        raise refused(verdict, tx.now)
