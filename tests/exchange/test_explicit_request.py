"""The person's own token as the explicit request: it opens one exchange about that person, and nothing else."""

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from adapters.base import Query
from adapters.errors import Retriable
from gateway.app import Gateway
from gateway.auth.caller import ClientCaller
from gateway.auth.once import UseProof, once_key
from gateway.clock import DAY, MICROSECONDS, to_iso
from gateway.exchange.asgi import parse
from gateway.exchange.commit import CommitExchange
from gateway.exchange.facts import look
from gateway.exchange.pruning import Prune
from gateway.exchange.tables import explicit_request
from gateway.policy import Permit, decide
from gateway.sandbox.identity import UnsafeSandboxIdentity
from tests.consent.asking import code, events, known_as
from tests.web.logs import logged
from tests.world import CONSUMER, PEOPLE, STRANGER, World

CLIENT = f"{CONSUMER}.casework"


def own(token: str) -> dict[str, Any]:
    return {"purpose": "on-request", "explicitRequest": {"personToken": token}}


def send(world: World, name: str, token: str, path: str = "/v1/exchanges", **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    return world.casework.post(path, json=world.ask(name, **own(token), **more), headers=headers)


def outcome(answer: httpx.Response) -> str:
    return str(answer.json()["outcome"] if answer.status_code == 201 else answer.json()["code"])


def claims(world: World, name: str, **changes: Any) -> dict[str, Any]:
    """Those of a token that is accepted, with changes; None leaves one out."""
    payload = world.identity.token(name, CLIENT).split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {member: value for member, value in {**found, **changes}.items() if value is not None}


def signed(world: World, name: str, identity: UnsafeSandboxIdentity | None = None, **changes: Any) -> str:
    key = (identity or world.identity)._key
    return key.sign_jws("JWT", json.dumps(claims(world, name, **changes)).encode())


def test_it_opens_the_exchange_and_the_entry_says_by_whom_it_was_asked_and_never_who(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    with logged() as log:
        answer = send(shared, name, token)
        assert answer.status_code == 201, answer.text
        log.of(answer.headers["X-Request-Id"])
    [event] = shared.events(answer.json()["exchangeId"])
    asked_at = to_iso(claims(shared, name)["iat"] * MICROSECONDS)
    told = event["explicitRequest"]
    assert set(told) == {"by", "requestedAt", "issuer"}
    assert (told["by"], told["issuer"], told["requestedAt"][:16]) == ("person", shared.issuer, asked_at[:16])
    signature = token.rpartition(".")[2]
    for text in (log.text, json.dumps(event), answer.text):
        assert signature not in text
        assert not any(value in text for value in PEOPLE[name].values())


def test_a_dry_decision_says_the_same_and_uses_nothing_up(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    for _ in range(2):
        assert send(shared, name, token, "/v1/decisions").json()["permitted"] is True
    assert outcome(send(shared, name, token)) == "released"
    told = send(shared, name, token, "/v1/decisions").json()
    assert (told["permitted"], told["reasons"][0]["code"]) == (False, "explicit-request-used")
    assert told["reasons"][0]["missingKey"] == "person"


def test_it_opens_one_exchange_and_the_source_is_not_read_for_a_second(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    assert outcome(send(shared, name, token)) == "released"
    read = len(shared.adapter.queries)
    assert code(send(shared, name, token)) == (403, "explicit-request-used")
    assert code(send(shared, name, token, fields=["status"])) == (403, "explicit-request-used")
    assert len(shared.adapter.queries) == read
    assert outcome(send(shared, name, shared.identity.token(name, CLIENT))) == "released"


def test_of_many_exchanges_by_one_request_at_once_one_is_released(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    shared.adapter.before = together = Together(4)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = sorted(map(outcome, threads.map(lambda _: send(shared, name, token), range(4))))
    finally:
        shared.adapter.before = None
    assert together.met, "they were not under way at once"
    assert found == ["explicit-request-used"] * 3 + ["released"]


class Together:
    """Holds the source's answers until so many are asked for."""

    def __init__(self, many: int) -> None:
        self.missing, self.met = many, False

    async def __call__(self, _: Query) -> None:
        self.missing -= 1
        for _turn in range(500):
            if self.missing <= 0:
                self.met = True
                return
            await asyncio.sleep(0.01)


def test_two_gateways_let_one_exchange_by_it_through(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    caller = ClientCaller(CLIENT, CONSUMER, frozenset(), "", b"")

    async def commit(gateway: Gateway) -> str:
        """Of a gateway that had looked before the other one committed."""
        asked = await gateway.exchanges.ask(caller, parse(json.dumps(shared.ask(name, **own(token))).encode()))
        case = await gateway.store.read(look, gateway.clock, asked, "another-exchange")
        assert case.facts.request_used  # the look of now tells it; that of before did not
        first = decide(asked.asked, replace(case.facts, request_used=False))
        assert isinstance(first, Permit)
        unproved = replace(asked, proof=None)
        receipts = gateway.exchanges.replier.receipts
        done = await gateway.store.commit(CommitExchange(unproved, "another-exchange", first, "held", receipts))
        return done.refusal.reasons[0].code if done.refusal else done.outcome

    assert outcome(send(shared, name, token)) == "released"
    assert shared.in_gateway(commit) == "explicit-request-used"


def test_a_replayed_proof_uses_none_up(shared: World) -> None:
    """A proof that another gateway has seen is found in the commit, when the source has been read already."""
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    proof = once_key(shared.clock.now() // MICROSECONDS + 60, "replayed", name)
    caller = ClientCaller(CLIENT, CONSUMER, frozenset(), "", proof)

    async def commit(gateway: Gateway) -> str:
        assert await gateway.store.commit(UseProof(proof))
        asked = await gateway.exchanges.ask(caller, parse(json.dumps(shared.ask(name, **own(token))).encode()))
        case = await gateway.store.read(look, gateway.clock, asked, f"replayed.{name}")
        first = decide(asked.asked, case.facts)
        assert isinstance(first, Permit)
        again = CommitExchange(asked, f"replayed.{name}", first, "held", gateway.exchanges.replier.receipts)
        return (await gateway.store.commit(again)).outcome

    assert shared.in_gateway(commit) == "replayed"
    assert outcome(send(shared, name, token)) == "released"


@pytest.mark.parametrize("held", [True, False], ids=["released", "not held"])
def test_a_repeat_under_its_idempotency_key_goes_the_same_way_again(shared: World, held: bool) -> None:
    name = shared.newcomer()
    if not held:
        del shared.adapter.held[PEOPLE[name]["nino"]]
    token, headers = shared.identity.token(name, CLIENT), {"Idempotency-Key": f"again.{name}"}
    first, again = (send(shared, name, token, headers=headers).json() for _ in range(2))
    assert (again["outcome"], again["exchangeId"]) == (first["outcome"], first["exchangeId"])
    assert first["outcome"] == ("released" if held else "not-held")
    assert code(send(shared, name, token)) == (403, "explicit-request-used")


def test_a_source_that_fails_uses_none_up(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)

    async def down(_: Query) -> None:
        raise Retriable("down")

    shared.adapter.before = down
    try:
        assert send(shared, name, token).status_code == 503
    finally:
        shared.adapter.before = None
    assert outcome(send(shared, name, token)) == "released"


def test_it_opens_nothing_about_anybody_else(shared: World) -> None:
    one, other = shared.newcomer(), shared.newcomer()
    token = shared.identity.token(one, CLIENT)
    read = len(shared.adapter.queries)
    assert code(send(shared, other, token)) == (403, "explicit-request-of-another")
    # The right person, and beside them an identifier that the source does not take, of somebody else.
    [nino], [not_theirs] = known_as(one, "nino")["identifiers"], known_as(other, "nhs-number")["identifiers"]
    mixed = {"identifiers": [nino, not_theirs]}
    assert code(send(shared, one, token, subject=mixed)) == (403, "explicit-request-of-another")
    # An identifier by which the source would be asked, and of which the token says nothing.
    licence = {"scheme": "driving-licence-number", "value": "SANDB804010A99AA"}
    answer = send(shared, one, token, subject={"identifiers": [nino, licence]})
    assert code(answer) == (403, "explicit-request-of-another")
    [event] = shared.events(answer.json()["exchangeId"])
    assert (event["outcome"], event.get("explicitRequest")) == ("refused", None)
    assert len(shared.adapter.queries) == read
    both = known_as(one, "nino", "nhs-number")
    assert outcome(send(shared, one, token, subject=both)) == "released"


def test_what_is_wrong_with_a_token_is_told_and_nothing_of_it_repeated(shared: World) -> None:
    name = shared.newcomer()
    now = shared.clock.now() // MICROSECONDS
    audience = f"{shared.base_url}/explicit-requests"
    stranger = UnsafeSandboxIdentity(shared.issuer, shared.base_url, PEOPLE, shared.clock, sandbox=True)
    wrong = {
        "signed by another key": signed(shared, name, stranger),
        "of another issuer": signed(shared, name, iss="https://sign-in.example"),
        "for the gateway itself": shared.identity.token(name),
        "for the gateway, shown by the right client": signed(shared, name, aud=shared.base_url),
        "for both": signed(shared, name, aud=[audience, shared.base_url]),
        "for something else beside": signed(shared, name, aud=[audience, "https://shop.example"]),
        "for nobody": signed(shared, name, aud=None),
        "for another client": shared.identity.token(name, f"{STRANGER}.casework"),
        "for no client": signed(shared, name, azp=None),
        "for two clients": signed(shared, name, client_id=f"{STRANGER}.casework"),
        "too old": signed(shared, name, iat=now - 601),
        "of the future": signed(shared, name, iat=now + 90),
        "of no time": signed(shared, name, iat=None),
        "expired": signed(shared, name, exp=now - 1),
        "a weak sign-in": signed(shared, name, acr="weak"),
        "no jti": signed(shared, name, jti=None),
        "a short jti": signed(shared, name, jti="1"),
        "of nobody": signed(shared, name, sub=None),
        "without an identifier": signed(shared, name, nino=None, nhs_number=None),
        "bound to another key": signed(shared, name, cnf={"jkt": "x" * 43}),
        "no token": "not-a-token",
        "letters beyond ASCII": "é.é.é",
    }
    read = len(shared.adapter.queries)
    before = len(events(shared))
    for what, token in wrong.items():
        for path in ("/v1/exchanges", "/v1/decisions"):
            answer = send(shared, name, token, path)
            assert code(answer) == (422, "person-token-not-accepted"), what
            [fault] = answer.json()["errors"]
            assert fault["pointer"] == "/explicitRequest/personToken"
            assert token not in answer.text
            assert not any(value in answer.text for value in PEOPLE[name].values()), what
    assert len(shared.adapter.queries) == read
    assert len(events(shared)) == before
    good = signed(shared, name, aud=[audience], client_id=CLIENT, azp=None, iat=now - 590)
    assert outcome(send(shared, name, good)) == "released"
    bound = signed(shared, name, cnf={"jkt": shared.keys[CLIENT].thumbprint})
    assert outcome(send(shared, name, bound)) == "released"


@pytest.mark.parametrize("path", ["/v1/exchanges", "/v1/decisions"])
def test_a_token_that_is_refused_hides_no_other_fault(shared: World, path: str) -> None:
    token = shared.identity.token("ann", "somebody.else")
    wrong = "/explicitRequest/personToken"

    def faults(**more: Any) -> set[str]:
        answer = send(shared, "ann", token, path, **more)
        assert answer.status_code == 422, answer.text
        return {fault["pointer"] for fault in answer.json()["errors"]}

    assert faults() == {wrong}
    assert faults(fields=["status", "shoeSize"]) == {wrong, "/fields/1"}
    assert faults(dataset="nobody/nothing/v1") == {wrong, "/dataset"}
    assert faults(fields=["status", "shoeSize"], caseReference="a b") == {wrong, "/fields/1", "/caseReference"}


def test_whoever_holds_it_can_do_nothing_else_with_it(shared: World) -> None:
    """Neither read, nor grant, nor decline, nor revoke as the person; not even one made out to the gateway too."""
    name = shared.newcomer()
    consent_id = shared.consent(name, grant=False)
    audience = f"{shared.base_url}/explicit-requests"
    for token in (shared.identity.token(name, CLIENT), signed(shared, name, aud=[shared.base_url, audience])):
        held = {"headers": {"Authorization": f"Bearer {token}"}}
        anyone = shared.anyone()
        path = f"/v1/consent-requests/{consent_id}/decisions"
        for answer in (
            anyone.post(path, json={"decision": "grant"}, **held),
            anyone.post(path, json={"decision": "decline"}, **held),
            anyone.post(f"/v1/consents/{consent_id}/revocations", json={}, **held),
            anyone.get("/v1/consent-requests", **held),
            anyone.post("/v1/exchanges", json=shared.ask(name, purpose="subject-access"), **held),
        ):
            assert answer.status_code == 401, answer.text
    # Nor once it was accepted for what it is for.
    token = shared.identity.token(name, CLIENT)
    assert outcome(send(shared, name, token)) == "released"
    again = shared.anyone().get("/v1/consent-requests", headers={"Authorization": f"Bearer {token}"})
    assert again.status_code == 401


def test_it_stands_in_for_no_other_signal(shared: World) -> None:
    name = shared.newcomer()
    token = shared.identity.token(name, CLIENT)
    for purpose, reason in (("with-consent", "consent-required"), ("notified", "notice-required")):
        body = shared.ask(name, purpose=purpose, explicitRequest={"personToken": token})
        assert code(shared.casework.post("/v1/exchanges", json=body)) == (403, reason)
    assert outcome(send(shared, name, token)) == "released"  # none of them used it up


def test_one_about_somebody_else_opens_nothing_under_any_signal_and_is_no_word_of_theirs(shared: World) -> None:
    ann, bob = shared.newcomer(), shared.newcomer()
    shared.consent(bob)
    token = shared.identity.token(ann, CLIENT)
    for purpose in ("with-consent", "by-statute"):
        body = shared.ask(bob, purpose=purpose, explicitRequest={"personToken": token})
        answer = shared.casework.post("/v1/exchanges", json=body)
        assert code(answer) == (403, "explicit-request-of-another")
        [event] = shared.events(answer.json()["exchangeId"])
        assert "explicitRequest" not in event
    assert outcome(send(shared, ann, token)) == "released"  # none of them used it up


def test_where_nobody_asks_for_it_it_is_not_used_up(shared: World) -> None:
    name = shared.newcomer()
    shared.consent(name)
    token = shared.identity.token(name, CLIENT)
    for purpose in ("with-consent", "by-statute"):
        body = shared.ask(name, purpose=purpose, explicitRequest={"personToken": token})
        assert outcome(shared.casework.post("/v1/exchanges", json=body)) == "released"
    assert outcome(send(shared, name, token)) == "released"
    assert outcome(send(shared, name, token)) == "explicit-request-used"


def test_a_person_who_calls_shows_no_token(shared: World) -> None:
    name = shared.newcomer()
    body = shared.ask(name, purpose="subject-access")
    body["explicitRequest"] = {"personToken": shared.identity.token(name, CLIENT)}
    assert code(shared.person(name).post("/v1/exchanges", json=body)) == (422, "person-token-not-accepted")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"personToken": None},
        {"channel": "phone", "reference": "r1"},
        {"requestedAt": "2026-01-01T00:00:00Z", "channel": "phone"},
        {"personToken": "x.y.z", "channel": "phone"},
        {"personToken": "x.y.z", "requestedAt": "2026-01-01T00:00:00Z", "channel": "phone", "reference": "r1"},
    ],
)
def test_exactly_one_of_the_two_forms_is_taken(shared: World, sent: dict[str, Any]) -> None:
    for path in ("/v1/exchanges", "/v1/decisions"):
        answer = shared.casework.post(path, json=shared.ask(purpose="on-request", explicitRequest=sent))
        assert answer.status_code == 422, answer.text
        [fault] = answer.json()["errors"]
        assert fault == {
            "pointer": "/explicitRequest",
            "detail": "send either personToken alone, or all of requestedAt, channel, reference",
        }


def test_what_was_used_is_forgotten_a_day_after_it_is_worthless(shared: World) -> None:
    counting = select(func.count()).select_from(explicit_request)

    async def work(gateway: Gateway) -> tuple[int, int, int]:
        async def count() -> int:
            row = await gateway.store.read(lambda connection: connection.first(counting))
            assert row is not None
            return int(row[0])

        before = await count()
        await gateway.store.commit(Prune(gateway.clock.now() - DAY))
        kept = await count()
        await gateway.store.commit(Prune(gateway.clock.now() + DAY))
        return before, kept, await count()

    name = shared.newcomer()
    send(shared, name, shared.identity.token(name, CLIENT))
    before, kept, after = shared.in_gateway(work)
    assert before == kept > 0
    assert after == 0


@pytest.mark.parametrize("member", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e400", "-1e400", "1" + "0" * 40])
def test_a_time_that_is_none_is_refused_of_both_kinds_of_token(shared: World, member: str, number: str) -> None:
    def with_it(token: str) -> str:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        text = json.dumps({**found, member: "here"}).replace('"here"', number)
        return shared.identity._key.sign_jws("JWT", text.encode())

    shown = send(shared, "ann", with_it(shared.identity.token("ann", CLIENT)))
    assert code(shown) == (422, "person-token-not-accepted")
    signed_in = {"Authorization": f"Bearer {with_it(shared.identity.token('ann'))}"}
    answer = shared.anyone().get("/v1/consent-requests", headers=signed_in)
    assert code(answer) == (401, "invalid-token")
