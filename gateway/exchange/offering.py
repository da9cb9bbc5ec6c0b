"""Whether what is registered can be served by what is configured: asked when it is registered, and at each start."""

from collections.abc import Collection, Mapping

from adapters.base import Offer
from adapters.errors import Misconfigured
from adapters.offers import mismatches
from adapters.registry import offer_of
from gateway.catalogue.repository import DatasetRow, everything
from gateway.db.store import Store
from gateway.errors import Unavailable
from gateway.settings import AdapterConfiguration, ConfigurationError
from gateway.telemetry.log import logger
from schemas.records import UnknownRecordType


def held_to(
    adapters: Mapping[str, AdapterConfiguration],
    adapter: str,
    record_type: str,
    identifiers: Collection[str],
    confirm: Collection[str],
) -> Offer | None:
    """What this adapter offers, as far as its settings tell.

    Raises `ConfigurationError` where the settings are wrong, or say that it cannot serve such a dataset.
    """
    if adapter not in adapters:
        known = ", ".join(adapters) or "none"
        raise ConfigurationError(f"the configuration names no adapter {adapter!r}; it names {known}")
    one = adapters[adapter]
    try:
        offer = offer_of(one.kind, one.settings)
    except Misconfigured as error:
        raise ConfigurationError(f"adapters.{adapter}: {error}") from None
    faults = [] if offer is None else mismatches(offer, record_type, identifiers, confirm)
    if faults:
        raise ConfigurationError("\n".join(f"the adapter {adapter}: {fault}" for fault in faults))
    return offer


async def tell_unserved(store: Store, adapters: Mapping[str, AdapterConfiguration]) -> None:
    """Log each dataset on offer that cannot be served as it is configured: the others can, so it stops no start."""
    try:
        rows: list[DatasetRow] = await store.read(everything)
    except Unavailable:
        return
    for row in rows:
        if row.status != "offered":
            continue
        try:
            held_to(adapters, row.adapter, row.record_type, row.identifier_schemes, row.confirmations)
        except (ConfigurationError, UnknownRecordType) as error:
            logger("exchange").warning(
                "a dataset on offer cannot be served as it is configured", dataset=row.id, said=str(error)
            )
