"""`threekeys consent`: a person of the sandbox reads what they are asked, and answers, over real HTTP."""

import asyncio
import json
import threading
from collections.abc import Iterator

import pytest

from gateway.sandbox.listening import listen
from tests.cli.conftest import Command
from tests.world import CONSUMER, DATASET, PEOPLE, World, world


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A gateway, and the sign-in that it trusts."""
    with world(f"sqlite:///{tmp_path_factory.mktemp('consents') / 'gateway.db'}") as entered:
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        port = int(entered.issuer.rpartition(":")[2])
        server = asyncio.run_coroutine_threadsafe(listen(entered.identity, port), loop).result(20)
        yield entered
        server.should_exit = True
        asyncio.run_coroutine_threadsafe(_ended(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)


async def _ended() -> None:
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))


class Person:
    """Somebody who was never asked, at a terminal of 80 columns."""

    def __init__(self, threekeys: Command, gateway: World) -> None:
        self.name = gateway.newcomer()
        self._threekeys = threekeys
        people = [{"handle": name, "name": name} for name in PEOPLE]
        known = {"baseUrl": gateway.base_url, "issuer": gateway.issuer, "clients": [], "people": people}
        (threekeys.folder / "var" / "demo").mkdir(parents=True)
        (threekeys.folder / "var" / "demo" / "describe.json").write_text(json.dumps(known))

    def __call__(self, verb: str, *more: str) -> str:
        status, out, err = self._threekeys("consent", verb, "--as", self.name, *more)
        assert (status, err) == (0, "")
        return out

    def told(self, verb: str) -> str:
        return self._threekeys.told("consent", verb, "--as", self.name)


@pytest.fixture
def person(threekeys: Command, gateway: World, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("COLUMNS", "80")
    return Person(threekeys, gateway)


def asked(gateway: World, person: Person, **more: object) -> str:
    return gateway.consent(person.name, grant=False, **{"fields": ["status"], **more})  # type: ignore[arg-type]  # the body's


@pytest.mark.parametrize("width", [60, 80])
def test_the_list_keeps_to_the_terminal_and_shows_titles_and_the_zone_of_times(
    person: Person, gateway: World, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    its = asked(gateway, person, optionalFields=["address", "holder.familyName"])
    lines = person("list").splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].startswith(f"{its}  requested, decide by")
    text = " ".join(" ".join(lines).split())
    assert f"Licences of The t.provider ({DATASET})" in text
    assert " UTC asked by The t.consumer" in text
    assert "desk@test.invalid" in text
    [listed] = json.loads(person("list", "--json"))
    assert listed["datasetTitle"] == "Licences"


def test_the_list_leads_on_with_commands_that_do_as_they_say(person: Person, gateway: World) -> None:
    asked(gateway, person, optionalFields=["holder.familyName"])
    lines = person("list").splitlines()
    whose = f"--as {person.name}"
    at = lines.index(f"  threekeys consent grant {whose} --optional FIELD")
    assert lines[at - 3 : at + 5] == [
        "Grant what is asked for, without what is optional:",
        f"  threekeys consent grant {whose}",
        "Grant it with optional fields too (--optional for each that you allow):",
        f"  threekeys consent grant {whose} --optional FIELD",
        "Decline: nothing is released, and who asked is told that you declined:",
        f"  threekeys consent decline {whose}",
        "Take back what is granted, at any time:",
        f"  threekeys consent revoke {whose}",
    ]
    granted = person("grant", "--optional", "holder.familyName")
    assert "  optional     holder.familyName (allowed)\n" in granted
    assert granted.splitlines()[-1].strip().startswith(f"threekeys consent revoke {whose} ")
    assert "--optional" not in person("list")


def test_a_grant_tells_which_optional_fields_it_allows_and_which_not(person: Person, gateway: World) -> None:
    asked(gateway, person, optionalFields=["address", "holder.familyName", "validUntil"])
    granted = person("grant", "--optional", "validUntil")
    assert "  fields       status\n" in granted
    assert "  optional     validUntil (allowed); address, holder.familyName (not allowed)\n" in granted


def test_where_nothing_is_optional_the_list_speaks_of_no_options(person: Person, gateway: World) -> None:
    asked(gateway, person)
    assert "optional" not in person("list")


def test_who_declines_is_told_what_that_leads_to(person: Person, gateway: World) -> None:
    its = asked(gateway, person)
    declined = person("decline")
    assert declined.startswith(f"{its}  declined ")
    assert declined.endswith("\nNothing is released. Who asked is told that you declined.\n")
    assert gateway.casework.get(f"/v1/consents/{its}").json()["status"] == "declined"


def test_where_several_could_be_meant_they_are_shown_and_none_is_changed(person: Person, gateway: World) -> None:
    first, second = asked(gateway, person), asked(gateway, person, dataset=gateway.offer(), fields=["validUntil"])
    lines = person("list").splitlines()
    assert f"  threekeys consent grant --as {person.name} CONSENT" in lines
    for verb, status in (("decline", "requested"), ("revoke", "active")):
        assert person.told(verb).splitlines() == [
            f"threekeys: there are 2 {status} consents: name one by its id",
            f"  {second}  The {CONSUMER}",
            "    Offered: validUntil, for with-consent",
            f"  {first}  The {CONSUMER}",
            "    Licences: status, for with-consent",
        ]
        for its in (first, second):
            assert gateway.casework.get(f"/v1/consents/{its}").json()["status"] == status
            if status == "requested":
                person("grant", its)
    assert person("revoke", first).endswith("\nNothing more is released.\n")
    assert person("revoke").startswith(f"{second}  revoked ")
    assert "there is no active consent" in person.told("revoke")
