"""`--as PERSON`: by handle, by name, or by a first name that is theirs alone; who could be meant is told."""

import asyncio
import json
import threading
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.sandbox.demo import _accounts
from gateway.sandbox.identity import UnsafeSandboxIdentity
from gateway.sandbox.layout import free_base
from gateway.sandbox.listening import listen
from gateway.sandbox.people import Person
from gateway.sandbox.person import explicit_request
from gateway.settings import ConfigurationError

CLIENT = "sandbox.council.casework"


@pytest.fixture(scope="module")
def sandbox(everyone: dict[str, Person], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a demo whose sign-in serves."""
    folder, port = tmp_path_factory.mktemp("sandbox"), free_base()
    issuer, audience = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    accounts = _accounts(list(everyone.values()))
    identity = UnsafeSandboxIdentity(issuer, audience, accounts, SystemClock(), sandbox=True)
    people = [person.describe() for person in everyone.values()]
    described = {"issuer": issuer, "baseUrl": audience, "clients": [{"clientId": CLIENT}], "people": people}
    (folder / "describe.json").write_text(json.dumps(described))
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = asyncio.run_coroutine_threadsafe(listen(identity, port), loop).result(20)
    yield folder
    server.should_exit = True
    loop.call_soon_threadsafe(loop.stop)


def nino(sandbox: Path, person: str) -> str:
    """Whose token one gets by calling them so."""
    claims = explicit_request(sandbox, person, CLIENT).split(".")[1]
    return str(json.loads(urlsafe_b64decode(claims + "=="))["nino"])


def test_a_person_is_known_by_handle_name_and_first_name(sandbox: Path, everyone: dict[str, Person]) -> None:
    amara, name = everyone["amara"].identifiers["nino"], everyone["amara"].name
    for called in ("amara", "Amara", "AMARA", name, name.lower()):
        assert nino(sandbox, called) == amara, called
    assert "João" in [person.name.split()[0] for person in everyone.values()], "a first name that is no handle"
    assert nino(sandbox, "joão") == everyone["joao"].identifiers["nino"]


def test_a_first_name_that_several_have_is_told_with_their_names(sandbox: Path, everyone: dict[str, Person]) -> None:
    first, count = Counter(person.name.split()[0] for person in everyone.values()).most_common(1)[0]
    assert count > 1
    with pytest.raises(ConfigurationError) as told:
        explicit_request(sandbox, first, CLIENT)
    assert str(told.value).startswith(f"{count} people of the sandbox are called {first}: name one of '{first} ")
    assert nino(sandbox, str(told.value).split("'")[1])


def test_a_name_that_nobody_has_is_told_with_where_the_names_are(sandbox: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"knows no 'Nobody'; it knows amara, .*demo --describe"):
        explicit_request(sandbox, "Nobody", CLIENT)
