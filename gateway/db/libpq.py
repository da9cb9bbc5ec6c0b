"""A connection to PostgreSQL with the few verbs that the rooms need, on libpq itself, by `psycopg.pq`.

psycopg connects, finds the classes of errors and makes Python values of rows. Its cursors, made for any statement and
any value, spend 38 µs of Python on a statement; a commit has twenty, and these know what theirs hold: text, whole
numbers, bytes, and lists of text (docs/adr/0019).

All goes through libpq's pipeline mode: what is run within `pipeline` goes out together, and is answered at its end.
Each statement with parameters is prepared when it is first run, by the names of its parameters.
"""

import re
import selectors
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
_PARAMETER = re.compile(r"%(?:\((?P<name>\w+)\)s|%)")
_OPERATIONAL = ("", "08", "53", "57", "58", "XX")
_numbers = count()


class Answer:
    """What came of one `execute`, or of one `executemany`."""

    __slots__ = ("result", "rowcount")

    def __init__(self) -> None:
        self.result: PGresult | None = None
        self.rowcount = 0

    def take(self, result: PGresult) -> None:
        self.result = result
        self.rowcount += result.command_tuples or 0


class Cursor:
    """Has the answer to what it ran last: of `executemany` the rows touched of all."""

    __slots__ = ("_answer", "_connection")

    def __init__(self, connection: "LibpqConnection") -> None:
        self._connection = connection
        self._answer = Answer()

    @property
    def rowcount(self) -> int:
        """How many rows it touched, or found; 0 until a pipeline that it is within has ended."""
        return self._answer.rowcount

    @property
    def tag(self) -> str:
        """What the server calls that which it did: `COMMIT`, `INSERT 0 1`."""
        return (self._answered().command_status or b"").decode()

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> "Cursor":
        """Run a statement with `%(name)s` for its parameters; without any, it is taken as it is."""
        self._answer = Answer()
        with self._connection.pipeline():
            self._connection.send(self._answer, sql, params)
        return self

    def executemany(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> "Cursor":
        """Run it for each row of parameters."""
        self._answer = Answer()
        with self._connection.pipeline():
            for row in rows:
                self._connection.send(self._answer, sql, row)
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The rows; within a pipeline, what was sent so far is answered first."""
        result = self._answered()
        return self._connection.rows(result, result.ntuples)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row, or None."""
        result = self._answered()
        return next(iter(self._connection.rows(result, min(1, result.ntuples))), None)

    def _answered(self) -> PGresult:
        if self._answer.result is None:
            self._connection.answer()
        if self._answer.result is None:
            raise psycopg.ProgrammingError("there is no answer: nothing was run, or it failed")
        return self._answer.result


class LibpqConnection:
    """Owns a connection of psycopg, in autocommit and UTF-8, which is used in no other way from now on. Raises what
    psycopg does, its messages without the details that may hold a row's values."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._load = Transformer(connection)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pg.socket, selectors.EVENT_READ)
        self._within = False
        self._sent: list[Answer | bytes] = []
        """What is not answered yet, or the name of a statement that is being prepared."""
        self._prepared: set[bytes] = set()
        self._preparing: set[bytes] = set()

    @property
    def closed(self) -> bool:
        """Whether it can be used no more, for whatever reason."""
        return self._connection.closed

    def close(self) -> None:
        """Close it, whatever its state."""
        self._selector.close()
        self._connection.close()

    def cursor(self) -> Cursor:
        """A cursor; any number may await their answers."""
        return Cursor(self)

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> Cursor:
        """Run a statement on a cursor of its own."""
        return Cursor(self).execute(sql, params)

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        """What is run within goes out together; the first error, after which none is carried out, is raised at the
        end. One within another is part of it."""
        if self._within:
            yield
            return
        self._within = True
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # the connection is to be left in order; why it ended is what is told
                self.answer()
            raise
        else:
            self.answer()
        finally:
            self._within = False

    def send(self, answer: Answer, sql: str, params: Mapping[str, Any] | None) -> None:
        """Put a statement into the pipeline."""
        if params is None:
            self._pg.send_query_params(sql.encode(), None)
            self._sent.append(answer)
            return
        name, text, names = _statement(sql)
        values = [_sent(params[one]) for one in names]
        if name not in self._prepared and name not in self._preparing:
            self._pg.send_prepare(name, text)
            self._preparing.add(name)
            self._sent.append(name)
        self._pg.send_query_prepared(name, values)
        self._sent.append(answer)

    def answer(self) -> None:
        """Await the answers to all that was sent."""
        if not self._sent:
            return
        sent, self._sent = self._sent, []
        self._preparing = set()
        failed: psycopg.Error | None = None
        try:
            self._pg.pipeline_sync()
            for one in sent:
                result = self._next()
                if result.status in _DONE:
                    if isinstance(one, Answer):
                        one.take(result)
                    else:
                        self._prepared.add(one)
                elif result.status != ExecStatus.PIPELINE_ABORTED and failed is None:
                    failed = _error(result)
            if self._next().status != ExecStatus.PIPELINE_SYNC:
                raise psycopg.OperationalError("the server's answers are out of step")
        except BaseException:
            self._pg.finish()  # an answer that is still to come must not be taken for another's
            raise
        if failed is not None:
            raise failed

    def rows(self, result: PGresult, most: int) -> list[tuple[Any, ...]]:
        """The first rows of a result."""
        self._load.set_pgresult(result)
        return self._load.load_rows(0, most, tuple)

    def _next(self) -> PGresult:
        """The next answer; between two there is a None."""
        for _ in range(2):
            self._await()
            result = self._pg.get_result()
            if result is not None:
                return result
        raise psycopg.OperationalError("the connection to the server is lost")

    def _await(self) -> None:
        """Until all is sent, and an answer is there."""
        pg = self._pg
        while (more := pg.flush()) or pg.is_busy():
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if more else 0)
            self._selector.modify(pg.socket, events)
            self._selector.select()
            pg.consume_input()
            if pg.status == ConnStatus.BAD:
                raise psycopg.OperationalError("the connection to the server is lost")


@cache
def _statement(sql: str) -> tuple[bytes, bytes, tuple[str, ...]]:
    """Its name, its text with `$1` for the first parameter, and the parameters' names."""
    names: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        name = found["name"]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    text = _PARAMETER.sub(numbered, sql)
    return b"threekeys_%d" % next(_numbers), text.encode(), tuple(names)


def _sent(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it, whose type it infers from where it stands."""
    if isinstance(value, str):
        if "\0" in value:
            raise psycopg.DataError("PostgreSQL's text cannot hold NUL")
        return value.encode()
    if value is None:
        return None
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes | bytearray | memoryview):
        return b"\\x" + value.hex().encode()
    if isinstance(value, list | tuple):
        return _sent(array(value))
    raise psycopg.ProgrammingError(
        f"a statement's parameters are text, integers and bytes, not {type(value).__name__}"
    )


def array(values: Sequence[Any]) -> str:
    """An array as PostgreSQL reads one."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(int(value))


def _error(result: PGresult) -> psycopg.Error:
    state = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind = errors.lookup(state)
    except KeyError:  # of a newer server, or of something between: by its class
        kind = psycopg.OperationalError if state[:2] in _OPERATIONAL else psycopg.DatabaseError
    message = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"the server said nothing"
    return kind(message.decode("utf-8", "replace"), info=result)
