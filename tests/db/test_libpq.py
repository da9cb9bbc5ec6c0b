"""The connection on libpq: values arrive as they are, errors are whom they belong to, and no answer is another's."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from gateway.db.libpq import LibpqConnection
from gateway.db.postgres import PostgresEngine

INSERT = "INSERT INTO pot (id, holds, level) VALUES (%(id)s, %(holds)s, %(level)s)"
ALL = "SELECT id, holds, level FROM pot WHERE id = ANY(%(ids)s) ORDER BY level"


@pytest.fixture
def raw(postgres_url: str) -> Iterator[LibpqConnection]:
    connection: LibpqConnection = PostgresEngine(postgres_url).connect(writing=True).raw
    with closing(connection):
        connection.execute("CREATE TABLE pot (id varchar PRIMARY KEY, holds bytea, level bigint)")
        yield connection


def levels(raw: LibpqConnection) -> list[int]:
    return [row[0] for row in raw.execute("SELECT level FROM pot ORDER BY level", {}).fetchall()]


def test_values_arrive_as_they_are(raw: LibpqConnection) -> None:
    texts = ["", "NULL", "a,b", '"', "\\", "{}", "%s %(id)s %%", "ünï→🗝", "\n\t'", "$1"]
    blobs = [
        b"",
        None,
        bytes(range(256)),
        bytearray(b"x"),
        memoryview(b"\0\\"),
        b"\\x00",
        b"\xff" * 20_000,
        b"a",
        b"b",
        b"c",
    ]
    rows = [(text, blob, 2**62 - n) for n, (text, blob) in enumerate(zip(texts, blobs, strict=True))]
    cursor = raw.cursor().executemany(INSERT, [dict(zip(("id", "holds", "level"), row, strict=True)) for row in rows])
    assert cursor.rowcount == len(rows)
    found = raw.execute(ALL, {"ids": texts}).fetchall()
    assert found == [(text, blob if blob is None else bytes(blob), level) for text, blob, level in reversed(rows)]
    assert raw.execute(ALL, {"ids": ["nobody"]}).fetchone() is None
    assert raw.execute("SELECT count(*) FROM pot WHERE id LIKE '%%s' || %(end)s", {"end": ""}).fetchone() == (0,)


@pytest.mark.parametrize("id_", ["ann\0", ["ann", "b\0b"]])
def test_text_that_the_server_would_cut_short_is_refused(raw: LibpqConnection, id_: object) -> None:
    raw.execute(INSERT, {"id": "ann", "holds": None, "level": 1})
    with pytest.raises(psycopg.DataError):
        raw.execute(ALL, {"ids": id_ if isinstance(id_, list) else [id_]})
    with pytest.raises(psycopg.DataError):
        raw.execute("UPDATE pot SET level = 2 WHERE id = %(id)s", {"id": "ann\0"})
    assert levels(raw) == [1]


def test_text_is_the_same_whatever_the_database_is_encoded_in(
    postgres_url: str, raw: LibpqConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.execute("DROP DATABASE IF EXISTS latin")
    raw.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    url = postgres_url.replace("/" + postgres_url.partition("?")[0].rpartition("/")[2], "/latin", 1)
    with closing(PostgresEngine(url).connect(writing=True).raw) as other:
        other.execute("CREATE TABLE town (name varchar)")
        other.execute("INSERT INTO town VALUES (%(name)s)", {"name": "München"})
        assert other.execute("SELECT name, length(name) FROM town", {}).fetchall() == [("München", 7)]
        assert other.execute("SELECT name FROM town WHERE name = 'München'").fetchone() == ("München",)


def test_nothing_hangs_on_assertions(postgres_url: str) -> None:
    code = (
        "import sys; from gateway.db.postgres import PostgresEngine; "
        "raw = PostgresEngine(sys.argv[1]).connect(writing=True).raw; "
        "print([raw.execute('SELECT %(n)s::bigint', {'n': n}).fetchone()[0] for n in range(4)])"
    )
    run = subprocess.run([sys.executable, "-O", "-c", code, postgres_url], capture_output=True, text=True, timeout=30)
    assert run.stdout == "[0, 1, 2, 3]\n", run.stderr


def test_a_cursor_has_the_answer_to_what_it_ran_last(raw: LibpqConnection) -> None:
    cursor = raw.cursor()

    def together() -> None:
        with raw.pipeline():
            cursor.execute("SELECT 'first'", {})
            cursor.execute("SELECT 1 / %(zero)s::bigint", {"zero": 0})

    with pytest.raises(psycopg.DataError):
        together()
    with pytest.raises(psycopg.ProgrammingError, match="there is no answer"):
        cursor.fetchall()
    with raw.pipeline():
        cursor.executemany(INSERT, [{"id": str(n), "holds": None, "level": n} for n in range(5)])
        cursor.execute("UPDATE pot SET level = 9 WHERE id = %(id)s", {"id": "1"})
    assert (cursor.rowcount, cursor.tag) == (1, "UPDATE 1")


def test_a_commit_that_was_a_rollback_is_no_commit(postgres_url: str) -> None:
    engine = PostgresEngine(postgres_url)
    connection = engine.connect(writing=True)
    with closing(connection.raw):
        engine.begin(connection, ())
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.script("SELECT * FROM nothing")
        with pytest.raises(psycopg.OperationalError, match="undone"):
            engine.commit(connection)


@pytest.mark.parametrize("value", [1.5, object(), {"a": 1}])
def test_what_it_does_not_know_is_refused(raw: LibpqConnection, value: object) -> None:
    with pytest.raises(psycopg.ProgrammingError):
        raw.execute(INSERT, {"id": "a", "holds": None, "level": value})
    assert levels(raw) == []


def test_an_error_is_the_drivers_own_and_repeats_no_value(raw: LibpqConnection) -> None:
    row = {"id": "hunter2", "holds": None, "level": 1}
    raw.execute(INSERT, row)
    with pytest.raises(psycopg.errors.UniqueViolation) as raised:
        raw.execute(INSERT, row)
    assert "hunter2" not in str(raised.value)
    assert raised.value.diag.constraint_name == "pot_pkey"
    with pytest.raises(psycopg.errors.SyntaxError):
        raw.execute("SELEKT %(a)s", {"a": 1})
    assert levels(raw) == [1]


def test_after_an_error_nothing_more_of_a_pipeline_is_carried_out_and_the_next_is(raw: LibpqConnection) -> None:
    update = "UPDATE pot SET level = level + %(more)s"
    raw.execute(INSERT, {"id": "a", "holds": None, "level": 1})

    def together() -> None:
        with raw.pipeline():
            raw.execute(INSERT, {"id": "a", "holds": None, "level": 2})
            raw.execute(update, {"more": 10})

    for _ in range(2):  # the second time with a statement that was to be prepared after the error
        with pytest.raises(psycopg.errors.UniqueViolation):
            together()
        assert levels(raw) == [1]
    assert raw.execute(update, {"more": 10}).rowcount == 1
    assert levels(raw) == [11]


def test_an_error_within_a_pipeline_leaves_the_connection_in_order(raw: LibpqConnection) -> None:
    def broken_off() -> None:
        with raw.pipeline():
            raw.execute(INSERT, {"id": "a", "holds": None, "level": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert levels(raw) == [1]


def test_answers_come_to_whom_they_belong(raw: LibpqConnection) -> None:
    with raw.pipeline():
        put = raw.cursor().executemany(INSERT, [{"id": str(n), "holds": b"x" * n, "level": n} for n in range(5)])
        asked = [raw.execute("SELECT holds FROM pot WHERE id = %(id)s", {"id": str(n)}) for n in range(5)]
        assert put.rowcount == 0
        assert raw.execute("SELECT count(*) FROM pot", {}).fetchone() == (5,)  # whoever reads is answered at once
        assert put.rowcount == 5
        with raw.pipeline():
            raw.execute("DELETE FROM pot WHERE id = %(id)s", {"id": "0"})
    assert [cursor.fetchall() for cursor in asked] == [[(b"x" * n,)] for n in range(5)]
    assert levels(raw) == [1, 2, 3, 4]


def test_more_than_either_end_holds_at_once_goes_through(raw: LibpqConnection) -> None:
    blob = b"x" * 100_000
    with raw.pipeline():
        asked = [raw.execute("SELECT %(n)s::bigint, %(blob)s::bytea", {"n": n, "blob": blob}) for n in range(400)]
    assert [cursor.fetchone() for cursor in asked] == [(n, blob) for n in range(400)]


def test_a_backend_that_is_killed_ends_the_connection_and_says_so(raw: LibpqConnection, postgres_url: str) -> None:
    [(pid,)] = raw.execute("SELECT pg_backend_pid()", {}).fetchall()

    def kill() -> None:
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT pg_sleep(0.3)")
            other.execute("SELECT pg_terminate_backend(%s)", (pid,))

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(psycopg.OperationalError):
        raw.execute("SELECT pg_sleep(20)", {})
    thread.join()
    assert raw.closed
    with pytest.raises(psycopg.OperationalError):
        raw.execute("SELECT 1", {})


def test_a_wait_that_is_broken_off_ends_the_connection(raw: LibpqConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ctrl-C may: what comes later would be taken for the answer to something else."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(raw, "_await", interrupted)
    with pytest.raises(KeyboardInterrupt):
        raw.execute("SELECT 1", {})
    monkeypatch.undo()
    assert raw.closed
