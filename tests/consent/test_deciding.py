"""The person's key: asked for by an agency, turned by the person alone, and turned back at any time."""

import pytest

from gateway.consent.requesting import MOST_DECLINED
from tests.consent.asking import code, decide, events, exchange, request, requested
from tests.web.problems import problem
from tests.world import PEOPLE, World


def test_a_consent_opens_the_record_once_it_is_granted(world: World) -> None:
    name = world.newcomer()
    assert exchange(world, name) == "consent-required"
    consent_id = requested(world, name)
    assert exchange(world, name) == "consent-pending"
    granted = decide(world, name, consent_id)
    assert (granted.status_code, granted.json()["status"]) == (200, "active")
    assert exchange(world, name) == "released"
    assert world.casework.get(f"/v1/consents/{consent_id}").json()["uses"] == 1


def test_the_person_chooses_among_the_optional_fields(world: World) -> None:
    name = world.newcomer()
    offer = {"fields": ["status"], "optionalFields": ["validUntil", "address"]}
    consent_id = requested(world, name, **offer)
    strange = decide(world, name, consent_id, optionalFields=["licenceNumber"])
    assert code(strange) == (422, "field-not-offered")
    assert world.casework.get(f"/v1/consents/{consent_id}").json()["status"] == "requested"
    granted = decide(world, name, consent_id, optionalFields=["validUntil"]).json()
    assert (granted["requiredFields"], granted["chosenFields"]) == (["status"], ["validUntil"])
    body = world.ask(name, purpose="with-consent", fields=["status", "validUntil", "address"])
    answer = world.casework.post("/v1/exchanges", json=body).json()
    assert answer["record"] == {"status": "valid", "validUntil": "2030-01-01"}
    assert answer["withheld"] == [{"field": "address", "reason": "not-chosen-by-person"}]
    assert answer["consentId"] == consent_id
    assert exchange(world, name, fields=["status", "holder.familyName"]) == "field-not-consented"


def test_a_declined_request_releases_nothing_and_stays_declined(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name)
    assert decide(world, name, consent_id, "decline").json()["status"] == "declined"
    assert exchange(world, name) == "consent-declined"
    assert code(decide(world, name, consent_id)) == (409, "consent-not-open")
    revoke = world.person(name).post(f"/v1/consents/{consent_id}/revocations", json={})
    assert code(revoke) == (409, "consent-not-active")
    # Asked again, and this time the person grants.
    decide(world, name, requested(world, name))
    assert exchange(world, name) == "released"


def test_a_person_who_declined_three_times_today_is_not_asked_again_at_once(world: World) -> None:
    name = world.newcomer()
    with world.clock.still():
        for _ in range(MOST_DECLINED):
            decide(world, name, requested(world, name), "decline")
            world.clock.advance(3600)
        answer = request(world, name)
        problem(answer, 429, "asked-too-often", PEOPLE[name]["nino"])
        assert answer.headers["retry-after"] == str(21 * 3600)
        requested(world, world.newcomer())  # somebody else may be asked
        world.clock.advance(21 * 3600)
        requested(world, name)


def test_a_request_is_decided_once(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name)
    assert decide(world, name, consent_id).status_code == 200
    for decision in ("grant", "decline"):
        assert code(decide(world, name, consent_id, decision)) == (409, "consent-not-open")


@pytest.mark.parametrize("by", ["person", "consumer"])
def test_a_revoked_consent_releases_nothing_more_and_revoking_twice_is_the_same(world: World, by: str) -> None:
    name = world.newcomer()
    consent_id = requested(world, name)
    decide(world, name, consent_id)
    assert exchange(world, name) == "released"
    caller = world.person(name) if by == "person" else world.casework
    for _ in range(2):
        answer = caller.post(f"/v1/consents/{consent_id}/revocations", json={"reason": "changed-mind"})
        assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    assert exchange(world, name) == "consent-revoked"


def test_an_open_request_can_be_taken_back(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name)
    world.casework.post(f"/v1/consents/{consent_id}/revocations", json={})
    assert code(decide(world, name, consent_id)) == (409, "consent-not-open")
    assert exchange(world, name) == "consent-revoked"


def test_no_agency_grants(world: World) -> None:
    name = world.newcomer()
    path = f"/v1/consent-requests/{requested(world, name)}/decisions"
    for client in ("t.consumer.casework", "t.provider.data-office", "t.provider.casework", "t.stranger.casework"):
        assert code(world.client(client).post(path, json={"decision": "grant"})) == (403, "wrong-kind-of-caller")
    assert world.anyone().post(path, json={"decision": "grant"}).status_code == 401
    assert exchange(world, name) == "consent-pending"


def test_no_person_asks_for_consent_and_none_sees_or_decides_anothers(world: World) -> None:
    name, other = world.newcomer(), world.newcomer()
    consent_id = requested(world, name)
    stranger = world.person(other)
    assert code(request(world, name, stranger)) == (403, "wrong-kind-of-caller")
    for answer in (
        decide(world, other, consent_id),
        decide(world, other, consent_id, "decline"),
        stranger.get(f"/v1/consents/{consent_id}"),
        stranger.get(f"/v1/consents/{consent_id}/receipt"),
        stranger.post(f"/v1/consents/{consent_id}/revocations", json={}),
    ):
        assert code(answer) == (404, "no-such-consent")
    assert stranger.get("/v1/consent-requests").json()["items"] == []
    [own] = world.person(name).get("/v1/consent-requests").json()["items"]
    assert (own["id"], own["status"]) == (consent_id, "requested")


def test_another_agency_neither_sees_nor_revokes_it_and_the_provider_only_sees(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name)
    decide(world, name, consent_id)
    stranger, provider = world.client("t.stranger.casework"), world.client("t.provider.casework")
    assert code(stranger.get(f"/v1/consents/{consent_id}")) == (404, "no-such-consent")
    assert provider.get(f"/v1/consents/{consent_id}").status_code == 200
    for caller in (stranger, provider):
        answer = caller.post(f"/v1/consents/{consent_id}/revocations", json={})
        assert code(answer) == (404, "no-such-consent")
    assert consent_id not in stranger.get("/v1/consent-requests").text
    assert exchange(world, name) == "released"


def test_a_consent_runs_out_with_its_days(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name, validDays=2)
    decide(world, name, consent_id)
    world.clock.advance(days=1.99)
    assert exchange(world, name) == "released"
    world.clock.advance(days=0.02)
    assert exchange(world, name) == "consent-expired"
    assert world.person(name).get(f"/v1/consents/{consent_id}").json()["status"] == "expired"


def test_a_request_is_open_for_thirty_days(world: World) -> None:
    name = world.newcomer()
    early, late = requested(world, name), requested(world, name, fields=["status"])
    world.clock.advance(days=29.9)
    assert decide(world, name, early).status_code == 200
    world.clock.advance(days=0.2)
    assert code(decide(world, name, late)) == (409, "consent-not-open")


def test_uses_count_releases_only_and_run_out(world: World) -> None:
    name = world.newcomer()
    decide(world, name, requested(world, name, maxUses=2))
    assert exchange(world, name) == "released"
    held = world.adapter.held.pop(world.ask(name)["subject"]["identifiers"][0]["value"])
    assert exchange(world, name) == "not-held"
    assert exchange(world, name, fields=["categories"]) == "field-not-consented"
    world.adapter.held[held.identifiers["nino"]] = held
    assert [exchange(world, name) for _ in range(2)] == ["released", "consent-used-up"]


def test_a_newer_grant_replaces_the_older(world: World) -> None:
    name = world.newcomer()
    older, newer = (requested(world, name, fields=fields) for fields in (["status"], ["validUntil"]))
    decide(world, name, older)
    assert exchange(world, name, fields=["status"]) == "released"
    decide(world, name, newer)
    assert world.casework.get(f"/v1/consents/{older}").json()["status"] == "replaced"
    assert exchange(world, name, fields=["status"]) == "field-not-consented"
    assert exchange(world, name, fields=["validUntil"]) == "released"
    # What was replaced does not come back with a revocation of the newer one.
    world.person(name).post(f"/v1/consents/{newer}/revocations", json={})
    assert exchange(world, name, fields=["status"]) == "consent-revoked"


def test_a_new_request_leaves_the_consent_that_there_is(world: World) -> None:
    name = world.newcomer()
    decide(world, name, requested(world, name))
    again = requested(world, name)
    assert exchange(world, name) == "released"
    decide(world, name, again, "decline")
    assert exchange(world, name) == "released"


def test_a_list_is_paged_newest_first_and_whatever_is_new_shifts_nothing(world: World) -> None:
    name = world.newcomer()
    made = [requested(world, name, validDays=days) for days in (1, 2, 3)]
    person = world.person(name)
    first = person.get("/v1/consent-requests", params={"limit": 2}).json()
    requested(world, name, validDays=4)
    second = person.get("/v1/consent-requests", params={"limit": 2, "cursor": first["nextCursor"]}).json()
    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["nextCursor"] is None


def test_the_entry_of_a_grant_names_what_it_replaces(world: World) -> None:
    name = world.newcomer()
    older, newer = (requested(world, name, fields=fields) for fields in (["status"], ["validUntil"]))
    for consent_id in (older, newer):
        decide(world, name, consent_id)
    granted = {one["consentId"]: one for one in events(world) if one["kind"] == "consent-granted"}
    assert granted[newer]["replaces"] == [older]
    assert "replaces" not in granted[older]
