"""Intents that suspend and reactivate. Each locks its row: an exchange is wholly before or wholly after it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.agencies import repository
from gateway.agencies.entering import enter_agency, enter_client
from gateway.agencies.repository import AgencyRow, ClientRow
from gateway.agencies.tables import agency, client
from gateway.db.intent import AGENCY, CLIENT, Lock, Transaction


@dataclass(frozen=True, slots=True)
class SuspendAgency:
    """Stop all clients of an agency, and exchanges of its datasets, from the commit on. Repeating it is harmless."""

    id: str

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.id, agency),)

    def apply(self, tx: Transaction) -> AgencyRow:
        return _set_agency(tx, self.id, "suspended")


@dataclass(frozen=True, slots=True)
class ReactivateAgency:
    """Let a suspended agency act again."""

    id: str

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.id, agency),)

    def apply(self, tx: Transaction) -> AgencyRow:
        return _set_agency(tx, self.id, "active")


@dataclass(frozen=True, slots=True)
class SuspendClient:
    """Stop one client from the commit on, whatever tokens it holds. Repeating it is harmless."""

    id: str

    def locks(self) -> Sequence[Lock]:
        return (Lock(CLIENT, self.id, client),)

    def apply(self, tx: Transaction) -> ClientRow:
        return _set_client(tx, self.id, "suspended")


@dataclass(frozen=True, slots=True)
class ReactivateClient:
    """Let a suspended client act again."""

    id: str

    def locks(self) -> Sequence[Lock]:
        return (Lock(CLIENT, self.id, client),)

    def apply(self, tx: Transaction) -> ClientRow:
        return _set_client(tx, self.id, "active")


def _set_agency(tx: Transaction, agency_id: str, status: str) -> AgencyRow:
    row = repository.the_agency(tx, agency_id)._replace(status=status)
    enter_agency(tx, row, "agency-suspended" if status == "suspended" else "agency-reactivated")
    return repository.write_agency(tx, row)


def _set_client(tx: Transaction, client_id: str, status: str) -> ClientRow:
    row = repository.the_client(tx, client_id)._replace(status=status)
    enter_client(tx, row, "client-suspended" if status == "suspended" else "client-reactivated")
    return repository.write_client(tx, row)
