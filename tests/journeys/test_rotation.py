"""A pseudonym key is rotated while two gateways serve: none is restarted, and nobody becomes two."""

import asyncio
import time
from collections import Counter

from gateway.app import Gateway
from gateway.db.connection import Connection
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import pseudonyms
from gateway.subjects.tables import subject_identifier
from tests.journeys.realm import Realm, people

LEAD = 12
"""Seconds: more than a gateway takes to look, and no more than a test can wait for."""
TOGETHER = 0.1
_ROWS = subject_identifier.select()


def test_a_rotation_under_two_gateways_makes_nobody_two(postgres_url: str) -> None:
    many = 300
    with Realm(postgres_url, people(many), gateways=2) as realm:
        keys = PseudonymKeys(realm.settings.keys).ensure()
        new = keys.rotate(LEAD)
        since = time.monotonic()

        async def traffic() -> int:
            """Somebody new, every moment, asked about at both gateways at once."""
            met = 0
            async with realm.caseworker() as caseworker:
                while met < many and time.monotonic() < since + LEAD + 9:
                    body = realm.about(f"p{met}")
                    answers = await asyncio.gather(
                        *(
                            caseworker.post("/v1/consent-requests", json=body, extensions={"gateway": gateway})
                            for gateway in (0, 1)
                        )
                    )
                    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
                    met += 1
                    await asyncio.sleep(TOGETHER)
            return met

        met = realm.run(traffic())

        def read(connection: Connection) -> tuple[list[int], Counter[tuple[str, ...]]]:
            rows = connection.all(_ROWS)
            found, by_keys = [], Counter[tuple[str, ...]]()
            for number in range(met):
                known_as = pseudonyms(keys, realm.known[f"p{number}"])
                found.append(len(subjects.subjects_of(connection, known_as)))
                digests = {digest for one in known_as for digest in one.digests}
                by_keys[tuple(sorted("new" if row[1] == new else "old" for row in rows if row[0] in digests))] += 1
            return found, by_keys

        async def look(gateway: Gateway) -> tuple[list[int], Counter[tuple[str, ...]]]:
            return await gateway.store.read(read)

        found, by_keys = realm.in_gateway(look)
        print(f"{met} people met by both gateways at once: {dict(by_keys)}")
        assert found == [1] * met
        # Before its time the new key was written with by neither; from then on it stands beside the old one.
        assert set(by_keys) == {("old",), ("new", "old")}
        assert min(by_keys.values()) >= 10
