"""What the committer takes: an intent says which rows it locks and what it applies."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy import Executable, Select, Table

from gateway.clock import Clock
from gateway.db.connection import NONE, Connection, Params, Row

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# The lock order, by rank; within a rank by id. PostgreSQL only: SQLite has one writer at a time.
CLIENT, AGENCY, DATASET, AGREEMENT, CONSENT, COUNTER, SEQUENCER = range(7)


@dataclass(frozen=True, slots=True, order=True)
class Lock:
    """One row to lock: `rank` gives the order among tables. `share` lets other readers lock it too."""

    rank: int
    id: str
    table: Table = field(compare=False)
    share: bool = field(compare=False, default=False)


class Batch(Protocol):
    """Work that a whole transaction shares (counters in hand, entries to insert): flushed once, before commit.

    The statements of all may go out together, before any of them is answered: none knows how many rows it touched
    (see `Transaction.insert_new`).
    """

    def flush(self, tx: "Transaction") -> None:
        """Write what was gathered."""


class RunSingly(Exception):  # not an error: a change of gear
    """A gathered write found a conflict: roll back and run each intent by itself, in a savepoint."""


Read = tuple[Executable, tuple[tuple[str, Any], ...]]
"""A statement and its parameters."""


class Ahead(Connection):
    """Takes reads instead of making them, for `Transaction.read_ahead`; answers as if nothing were there."""

    def __init__(self) -> None:
        self.reads: dict[Read, None] = {}

    def all(self, statement: Executable, params: Params = NONE) -> list[Row]:
        self.reads[statement, tuple(params.items())] = None
        return []

    def first(self, statement: Executable, params: Params = NONE) -> Row | None:
        self.all(statement, params)
        return None


class Transaction(Connection):
    """The writing connection while a transaction is open.

    `now` was read after the locks were taken. `single` tells that this intent runs by itself. `ahead`, where each
    statement waits for a server, takes the reads that intents foresee: they are then made as the transaction begins.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.raw = connection.raw
        self.statements = connection.statements
        self.cursor = connection.cursor
        self.clock = clock
        self.now = clock.now()
        self.single = False
        self.ahead: Ahead | None = None
        self._read_ahead: dict[Read, list[Row]] = {}
        self._new: list[tuple[Any, int]] = []
        self._batches: dict[Any, Batch] = {}
        self._memo: dict[Any, Any] = {}

    def foreseen(self) -> list[Read]:
        """The reads that `ahead` took."""
        if self.ahead is None:
            return []
        for batch in self._batches.values():
            look_ahead = getattr(batch, "look_ahead", None)
            if look_ahead is not None:
                look_ahead(self.ahead)
        return list(self.ahead.reads)

    def began(self, reads: Sequence[Read], found: Sequence[list[Row]]) -> None:
        """All rows are locked, and these reads were made: what they found holds until the transaction writes."""
        self.now = self.clock.now()
        self._read_ahead = dict(zip(reads, found, strict=True))

    def all(self, statement: Executable, params: Params = NONE) -> list[Row]:
        found = self._found(statement, params) if self._read_ahead else None
        return super().all(statement, params) if found is None else found

    def first(self, statement: Executable, params: Params = NONE) -> Row | None:
        found = self._found(statement, params) if self._read_ahead else None
        return super().first(statement, params) if found is None else next(iter(found), None)

    def _found(self, statement: Executable, params: Params) -> list[Row] | None:
        """What was read ahead; None where this was not."""
        return self._read_ahead.get((statement, tuple(params.items())))

    def insert_new(self, statement: Executable, rows: Sequence[Params]) -> None:
        """Insert rows, each of which must be new, by a statement that leaves those alone that are there: for `flush`
        of a batch. Where one was there, no intent of the transaction stands, and each is run singly."""
        self._new.append((self._run_many(statement, rows), len(rows)))

    def _run_many(self, statement: Executable, rows: Sequence[Params]) -> Any:
        self._read_ahead = {}
        return super()._run_many(statement, rows)

    def _execute(self, statement: Executable, params: Params) -> None:
        if self._read_ahead and not isinstance(statement, Select):
            self._read_ahead = {}
        super()._execute(statement, params)

    B = TypeVar("B", bound=Batch)

    def batch(self, make: Callable[[], B]) -> B:
        """The transaction's one `Batch` made by this factory (a class)."""
        found = self._batches.get(make)
        if found is None:
            found = self._batches[make] = make()
        return found  # type: ignore[return-value]  # kept under the factory that made it

    def memo(self, key: Any, read: Callable[[], T]) -> T:
        """A value read once a transaction: for rows locked in it, which nobody else can change."""
        if key not in self._memo:
            self._memo[key] = read()
        found: T = self._memo[key]
        return found

    def forget(self, key: Any) -> None:
        """Drop a memoised value after writing its row."""
        self._memo.pop(key, None)

    def forget_all(self, kind: str) -> None:
        """Drop every memoised value whose key is a tuple that begins with `kind`: one of its rows was written."""
        for key in [key for key in self._memo if isinstance(key, tuple) and key[0] == kind]:
            del self._memo[key]

    def flush(self, gathering: AbstractContextManager[object]) -> None:
        """Write all that was gathered, together. Raises `RunSingly` where a row of `insert_new` was there already."""
        with gathering:
            for batch in self._batches.values():
                batch.flush(self)
        if any(cursor.rowcount < rows for cursor, rows in self._new):
            raise RunSingly


class Intent(Protocol[T_co]):
    """A frozen value that the committer applies inside a transaction.

    `apply` may run more than once (a batch that failed is run again one by one), each time from the same state,
    so it changes nothing outside the transaction. What it returns is handed to the caller once it is durable.

    An intent and what it answers or raises may travel between processes (`gateway.db.parcels`): they are values.

    Optional:

    - `heavy = True`, where it must never run in the event loop;
    - `foresee(tx)`, which reads nothing and tells, before the first of the batch is applied, which rows `apply` will
      read. They are then read together: by the `Batch` that is told of them (`gateway.db.held`), and by `tx.ahead`;
    - `afterwards(result)`, called once all is durable, which gives what the caller is told instead of `result`.
    """

    def locks(self) -> Sequence[Lock]:
        """The rows to lock before the first decision of the batch."""

    def apply(self, tx: Transaction) -> T_co:
        """Decide and write."""
