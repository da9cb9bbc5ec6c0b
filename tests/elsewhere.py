"""Another gateway on the same PostgreSQL, as far as a race needs one: its transaction, held open by a test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from gateway.clock import SystemClock
from gateway.db.applier import in_order
from gateway.db.intent import Lock, Transaction
from gateway.db.open import open_engine


@contextmanager
def transaction(url: str, *locks: Lock, undone: bool = False) -> Iterator[Transaction]:
    """Of a gateway of its own, these rows locked; committed at the end, or `undone`."""
    engine = open_engine(url)
    connection = engine.connect(writing=True)
    with closing(connection.raw):
        engine.begin(connection, locks)
        tx = Transaction(connection, SystemClock())
        yield tx
        if undone:
            engine.rollback(connection)
        else:
            tx.flush(engine.gathering(connection))
            engine.commit(connection)


@contextmanager
def applied(url: str, intent: Any) -> Iterator[Any]:
    """What an intent answered in such a transaction; committed at the end."""
    with transaction(url, *in_order([intent])) as tx:
        yield intent.apply(tx)


def impatient(tx: Transaction) -> None:
    """From now on it fails if it has to wait for a row for half the time that PostgreSQL lets a deadlock stand."""
    tx.script("SET LOCAL lock_timeout = '500ms'")


def meanwhile(work: Callable[[], Any]) -> Callable[[], Any]:
    """Begin it elsewhere, and give it the time to finish if nothing holds it up; call for the answer."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    thread.start()
    thread.join(0.3)

    def answer() -> Any:
        thread.join(10)
        [found] = answers
        return found

    return answer
