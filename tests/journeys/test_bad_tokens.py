"""Credentials that are not good, at the exchange itself: 401, no source read, nothing told of the record."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.agencies.standing import ReactivateAgency, ReactivateClient, SuspendAgency, SuspendClient
from gateway.connector.keys import ClientKey
from gateway.db.intent import Intent
from gateway.signing.keys import Purpose
from tests.auth.forging import hmacked, signed, unsigned
from tests.journeys.credentials import CASEWORK, ByHand, claims_of
from tests.web.problems import MARK, problem
from tests.world import CONSUMER, PEOPLE, STRANGER, World

OFFICE = f"{CONSUMER}.data-office"
SEVERAL = ["/v1/exchanges", "/v1/decisions", "/v1/consent-requests"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('tokens') / 'gateway.db'}") as entered:
        yield entered


@pytest.fixture
def hand(world: World) -> ByHand:
    world.adapter.queries.clear()
    return ByHand(world)


def turned_away(hand: ByHand, headers: dict[str, str], code: str, path: str = "/v1/exchanges") -> dict[str, Any]:
    """These credentials are refused, with a challenge, and no source was read."""
    answer = hand.send(headers, path, caseReference=MARK)
    told = problem(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith(("DPoP ", "Bearer "))
    assert hand.world.adapter.queries == []
    assert "exchangeId" not in told
    return told


def test_honest_credentials_pass(hand: ByHand) -> None:
    token = hand.token()
    assert hand.send(hand.headers(token)).status_code == 201
    assert hand.send(hand.headers(hand.forged())).status_code == 201
    assert hand.send(hand.headers(token, hand.proof(token))).status_code == 201


@pytest.mark.parametrize("path", SEVERAL)
def test_without_credentials_or_with_half_of_them_nobody_calls(hand: ByHand, path: str) -> None:
    token = hand.token()
    turned_away(hand, {}, "unauthenticated", path)
    turned_away(hand, {"Authorization": "DPoP"}, "unauthenticated", path)
    turned_away(hand, {"Authorization": f"Basic {MARK}"}, "unauthenticated", path)
    turned_away(hand, {"Authorization": f"DPoP {token}"}, "invalid-dpop-proof", path)
    turned_away(hand, {"DPoP": hand.maker.proof("POST", path, token)}, "unauthenticated", path)
    turned_away(hand, {"Authorization": f"Bearer {token}"}, "invalid-token", path)


@pytest.mark.parametrize("path", SEVERAL)
def test_a_token_of_another_key_is_refused(hand: ByHand, path: str) -> None:
    other = ByHand(hand.world, f"{STRANGER}.casework")
    token = hand.token()
    turned_away(hand, hand.headers(token, other.maker.proof("POST", path, token)), "invalid-token", path)
    theirs = other.token()
    turned_away(hand, hand.headers(theirs, hand.maker.proof("POST", path, theirs)), "invalid-token", path)


FORGED: dict[str, Callable[[ByHand], str]] = {
    "no JWT": lambda hand: MARK,
    "empty parts": lambda hand: "..",
    "alg none": lambda hand: unsigned({"alg": "none", "typ": "at+jwt"}, claims_of(hand.token())),
    "alg None in capitals": lambda hand: unsigned({"alg": "NONE", "typ": "at+jwt"}, claims_of(hand.token())),
    "signed by the client": lambda hand: signed(
        hand.key, {"alg": "ES256", "typ": "at+jwt", "kid": hand.key.kid}, claims_of(hand.token())
    ),
    "signed by the client under the gateway's kid": lambda hand: signed(
        hand.key, {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(hand)}, claims_of(hand.token())
    ),
    "signed by a key that comes along": lambda hand: signed(
        hand.key, {"alg": "ES256", "typ": "at+jwt", "kid": kid_of(hand), "jwk": hand.key.jwk}, claims_of(hand.token())
    ),
    "another audience": lambda hand: hand.forged(aud="https://zyzzyva.example"),
    "audiences": lambda hand: hand.forged(aud=[hand.world.base_url, "https://zyzzyva.example"]),
    "no audience": lambda hand: hand.forged(aud=None),
    "another issuer": lambda hand: hand.forged(iss="https://zyzzyva.example"),
    "expired": lambda hand: hand.forged(exp=hand.now - 1),
    "no expiry": lambda hand: hand.forged(exp=None),
    "an expiry that is text": lambda hand: hand.forged(exp=MARK),
    "no key bound": lambda hand: hand.forged(cnf=None),
    "another key bound": lambda hand: hand.forged(cnf={"jkt": MARK}),
    "another type": lambda hand: hand.forged("JWT"),
    "a receipt's type and key": lambda hand: hand.forged("threekeys-receipt+jwt", Purpose.RECEIPT),
    "a receipt's key": lambda hand: hand.forged(purpose=Purpose.RECEIPT),
}


def kid_of(hand: ByHand) -> str:
    """The id of the key that signs the gateway's tokens."""
    return hand.world.gateway.keys.current(Purpose.TOKEN).jwk["kid"]


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_or_foreign_token_is_refused(hand: ByHand, forge: Callable[[ByHand], str]) -> None:
    turned_away(hand, hand.headers(forge(hand)), "invalid-token")


def test_the_gateways_public_keys_are_never_taken_for_a_secret(hand: ByHand) -> None:
    published = hand.world.anyone().get("/.well-known/jwks.json")
    claims = claims_of(hand.token())
    for key in published.json()["keys"]:
        for secret in (json.dumps(key).encode(), key.get("x", "").encode(), published.content, b""):
            token = hmacked(secret, {"alg": "HS256", "typ": "at+jwt", "kid": key["kid"]}, claims)
            turned_away(hand, hand.headers(token), "invalid-token")


PROOFS: dict[str, Callable[[ByHand, str], str]] = {
    "no JWT": lambda hand, token: MARK,
    "another method": lambda hand, token: hand.proof(token, htm="GET"),
    "another URL": lambda hand, token: hand.proof(token, htu=f"{hand.world.base_url}/v1/decisions"),
    "another host": lambda hand, token: hand.proof(token, htu="https://zyzzyva.example/v1/exchanges"),
    "another token": lambda hand, token: hand.proof(hand.token()),
    "no token": lambda hand, token: hand.proof(token, ath=None),
    "old": lambda hand, token: hand.proof(token, iat=hand.now - 61),
    "of tomorrow": lambda hand, token: hand.proof(token, iat=hand.now + 86_400),
    "without a time": lambda hand, token: hand.proof(token, iat=None),
    "without an id": lambda hand, token: hand.proof(token, jti=None),
    "of another type": lambda hand, token: hand.proof(token, {"typ": "JWT"}),
    "alg none": lambda hand, token: unsigned(
        {"alg": "none", "typ": "dpop+jwt", "jwk": hand.key.jwk}, claims_of(hand.proof(token))
    ),
    "a shared secret": lambda hand, token: hmacked(
        json.dumps(hand.key.jwk).encode(),
        {"alg": "HS256", "typ": "dpop+jwt", "jwk": hand.key.jwk},
        claims_of(hand.proof(token)),
    ),
    "signed by another key": lambda hand, token: hand.proof(token, key=ClientKey.generate()),
}


@pytest.mark.parametrize("forge", PROOFS.values(), ids=PROOFS.keys())
def test_a_proof_that_does_not_hold_is_refused(hand: ByHand, forge: Callable[[ByHand, str], str]) -> None:
    token = hand.token()
    turned_away(hand, hand.headers(token, forge(hand, token)), "invalid-dpop-proof")


@pytest.mark.parametrize("path", SEVERAL)
def test_a_proof_that_was_used_is_refused(hand: ByHand, path: str) -> None:
    token = hand.token()
    headers = hand.headers(token, path=path)
    assert hand.send(headers, path, purpose="with-consent").status_code in (200, 201, 403)
    hand.world.adapter.queries.clear()
    for _ in range(2):
        turned_away(hand, headers, "invalid-dpop-proof", path)


ASSERTIONS: dict[str, Callable[[ByHand], str]] = {
    "alg none": lambda hand: unsigned({"alg": "none", "typ": "JWT"}, claims_of(hand.assertion())),
    "alg none under a kid": lambda hand: unsigned(
        {"alg": "none", "typ": "JWT", "kid": hand.key.kid}, claims_of(hand.assertion())
    ),
    "a shared secret": lambda hand: hmacked(
        json.dumps(hand.key.public_jwks()["keys"][0]).encode(),
        {"alg": "HS256", "typ": "JWT", "kid": hand.key.kid},
        claims_of(hand.assertion()),
    ),
    "another client's key": lambda hand: hand.assertion(key=hand.world.keys[OFFICE]),
    "another client's key under its kid": lambda hand: hand.assertion(
        {"kid": hand.world.keys[OFFICE].kid}, hand.world.keys[OFFICE]
    ),
    "another audience": lambda hand: hand.assertion(aud="https://zyzzyva.example"),
    "the token endpoint as audience": lambda hand: hand.assertion(aud=f"{hand.world.base_url}/oauth/token"),
    "a list as audience": lambda hand: hand.assertion(aud=[hand.world.base_url]),
    "expired": lambda hand: hand.assertion(exp=hand.now - 60),
    "valid for an hour": lambda hand: hand.assertion(exp=hand.now + 3600),
    "without an id": lambda hand: hand.assertion(jti=None),
    "for another client": lambda hand: hand.assertion(sub=OFFICE, iss=OFFICE),
    "issued by another": lambda hand: hand.assertion(iss=OFFICE),
    "a client that is none": lambda hand: hand.assertion(sub=MARK, iss=MARK),
}


@pytest.mark.parametrize("forge", ASSERTIONS.values(), ids=ASSERTIONS.keys())
def test_a_client_assertion_that_does_not_hold_gets_no_token(hand: ByHand, forge: Callable[[ByHand], str]) -> None:
    answer = hand.ask(forge(hand))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert "access_token" not in answer.text
    assert MARK not in answer.text


def test_a_replayed_assertion_gets_no_token(hand: ByHand) -> None:
    assertion = hand.assertion()
    assert hand.ask(assertion).status_code == 200
    again = hand.ask(assertion)
    assert again.status_code == 401
    assert again.json() == {
        "error": "invalid_client", "error_description": "the jti of the assertion was used before"
    }  # fmt: skip


PERSONS: dict[str, Callable[[World, dict[str, Any]], str]] = {
    "alg none": lambda world, claims: unsigned({"alg": "none", "typ": "JWT"}, claims),
    "a shared secret": lambda world, claims: hmacked(
        json.dumps(world.identity.jwks()["keys"][0]).encode(), {"alg": "HS256", "typ": "JWT"}, claims
    ),
    "a key of nobody": lambda world, claims: signed(ClientKey.generate(), {"alg": "ES256", "typ": "JWT"}, claims),
    "the gateway's key": lambda world, claims: world.gateway.keys.current(Purpose.TOKEN).sign_jws(
        "JWT", json.dumps(claims).encode()
    ),
    "another audience": lambda world, claims: _as_issuer(world, claims, aud="https://zyzzyva.example"),
    "no audience": lambda world, claims: _as_issuer(world, claims, aud=None),
    "another issuer": lambda world, claims: _as_issuer(world, claims, iss="https://zyzzyva.example"),
    "the gateway as issuer": lambda world, claims: _as_issuer(world, claims, iss=world.base_url),
    "a weak sign-in": lambda world, claims: _as_issuer(world, claims, acr="urn:zyzzyva"),
    "no sign-in": lambda world, claims: _as_issuer(world, claims, acr=None),
    "expired": lambda world, claims: _as_issuer(world, claims, exp=claims["iat"] - 1),
    "no expiry": lambda world, claims: _as_issuer(world, claims, exp=None),
    "nobody": lambda world, claims: _as_issuer(world, claims, sub=None),
    "no identifier": lambda world, claims: _as_issuer(world, claims, nino=None, nhs_number=None),
    "an identifier that is none": lambda world, claims: _as_issuer(world, claims, nino=MARK),
}


def _as_issuer(world: World, claims: dict[str, Any], **changes: Any) -> str:
    members = {name: value for name, value in (claims | changes).items() if value is not None}
    return world.identity._key.sign_jws("JWT", json.dumps(members).encode())


@pytest.mark.parametrize("forge", PERSONS.values(), ids=PERSONS.keys())
def test_a_persons_token_that_does_not_hold_decides_nothing(
    world: World, forge: Callable[[World, dict[str, Any]], str]
) -> None:
    consent_id = world.consent(grant=False)
    claims = claims_of(world.identity.token("ann"))
    headers = {"Authorization": f"Bearer {forge(world, claims)}"}
    path = f"/v1/consent-requests/{consent_id}/decisions"
    answer = world.anyone().post(path, json={"decision": "grant"}, headers=headers)
    problem(answer, 401, "invalid-token", PEOPLE["ann"]["nino"])
    assert world.casework.get(f"/v1/consents/{consent_id}").json()["status"] == "requested"
    honest = {"Authorization": f"Bearer {_as_issuer(world, claims)}"}
    assert world.anyone().post(path, json={"decision": "grant"}, headers=honest).status_code == 200


@pytest.mark.parametrize(
    ("suspend", "reactivate", "code"),
    [
        (SuspendClient(CASEWORK), ReactivateClient(CASEWORK), "client-suspended"),
        (SuspendAgency(CONSUMER), ReactivateAgency(CONSUMER), "consumer-suspended"),
    ],
)
def test_a_suspended_clients_token_dies_at_once_and_lives_again(
    database_url: str, suspend: Intent[Any], reactivate: Intent[Any], code: str
) -> None:
    with World(database_url) as world:
        hand = ByHand(world)
        token = hand.token()
        assert hand.send(hand.headers(token)).status_code == 201
        world.in_gateway(lambda gateway: gateway.store.commit(suspend))
        told = problem(hand.send(hand.headers(token)), 403, code)
        assert world.events(told["exchangeId"])[0]["outcome"] == "refused"
        world.adapter.queries.clear()
        world.clock.advance(0.2)  # for a tenth of a second the source may still be read
        problem(hand.send(hand.headers(token)), 403, code)
        assert world.adapter.queries == []
        path = "/v1/consent-requests"
        answer = hand.send(hand.headers(token, path=path), path, purpose="with-consent")
        problem(answer, 401, "client-suspended")
        assert hand.ask().status_code == 401
        world.in_gateway(lambda gateway: gateway.store.commit(reactivate))
        assert hand.send(hand.headers(token)).status_code == 201
