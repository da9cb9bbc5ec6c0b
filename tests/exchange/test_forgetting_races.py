"""Two gateways on one PostgreSQL: whoever is met anew while they are forgotten is forgotten whole or not at all."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.db.connection import flat
from gateway.exchange.forgetting import ForgetPerson
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import pseudonyms
from gateway.subjects.repository import Index
from gateway.subjects.tables import subject_exchange, subject_identifier
from tests.elsewhere import meanwhile, transaction
from tests.world import PEOPLE, World

_ORPHANS = select(func.count()).where(subject_exchange.c.subject_id.not_in(select(subject_identifier.c.subject_id)))


@pytest.mark.parametrize("known", [False, True], ids=["of nobody known", "of somebody known"])
@pytest.mark.parametrize("look", [1, 2, 3, 4])
def test_no_index_is_left_that_leads_from_nobody(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, look: int, known: bool
) -> None:
    """Before one of its looks another gateway meets the person; and once more, before their pseudonyms are gone."""
    with World(postgres_url) as world:
        digests = pseudonyms(world.gateway.pseudonyms, PEOPLE[world.newcomer()])
        url, looks, others = world.settings.database, 0, list[Callable[[], Any]]()
        read, forget_index = subjects.subjects_of, subjects.forget_index

        def met(exchange_id: str) -> None:
            with transaction(url) as tx:
                tx.batch(Index).add(subjects.ensure(tx, digests[1:]), exchange_id)

        def looked(*given: Any) -> list[str]:
            nonlocal looks
            looks += 1
            if looks == look:
                others.append(meanwhile(lambda: met("met")))
            return read(*given)

        def forgot(*given: Any) -> int:
            found = forget_index(*given)
            others.append(meanwhile(lambda: met("again")))
            return found

        monkeypatch.setattr(subjects, "subjects_of", looked)
        monkeypatch.setattr(subjects, "forget_index", forgot)
        if known:
            with transaction(url) as tx:
                subjects.ensure(tx, digests[:1])
        with transaction(url) as tx:
            tx.single = True
            ForgetPerson(digests).apply(tx)
        for other in others:
            other()
        with transaction(url) as tx:
            assert flat(tx.all(_ORPHANS, {})) == [0]
