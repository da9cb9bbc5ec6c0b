"""A gateway in a test has one process; what it commits travels all the same, as it would between two."""

from typing import Any

from gateway.db.parcels import pack, unpack
from gateway.db.store import Store


def travelling(store: Store) -> None:
    """What is committed, and what comes of it, travels as between a gateway and its committing process."""
    commit = store.commit

    async def by_parcel(intent: Any) -> Any:
        try:
            return unpack(pack(await commit(unpack(pack(intent)))))
        except Exception as error:
            raise unpack(pack(error)) from None

    store.commit = by_parcel  # type: ignore[method-assign]  # that is the point
