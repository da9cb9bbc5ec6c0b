"""`agreement all`: every agreement that the gateway holds, for its operator, who is party to none."""

import json
from typing import TYPE_CHECKING, Any

from gateway.cli.options import DEFAULT_CONFIG, AsJson, Config
from gateway.cli.shown import moment, table, tell
from gateway.cli.storing import read
from gateway.settings import load

if TYPE_CHECKING:
    from gateway.db.connection import Connection

_HEAD = ("AGREEMENT", "STATUS", "VERSION", "CONSUMER", "DATASET", "UNTIL")


def everything(as_json: AsJson = False, config: Config = DEFAULT_CONFIG) -> None:
    """Every agreement that the gateway holds, read from its database: for the operator.

    Of the version in force, or of the newest where none is.
    """
    found = read(load(config), _every)
    tell(found, as_json, lambda: table(_HEAD, [_row(one) for one in found]))


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    by = [f"by {agency}" for agency in one["suspendedBy"]]
    newer = [f"{one['newestVersion']} is drafted"] if one["newestVersion"] != one["version"] else []
    until = one["validUntil"][:10]
    return one["id"], [one["status"], *by], [str(one["version"]), *newer], one["consumer"], one["dataset"], until


def _every(connection: "Connection") -> list[dict[str, Any]]:
    from gateway.agreements import repository

    found = []
    for row in repository.everything(connection):
        version = row.in_force or row.version
        stored = repository.version_text(connection, row.id, version)
        assert stored is not None
        text = json.loads(stored[0])
        found.append(
            {
                "id": row.id,
                "status": row.status,
                "suspendedBy": row.suspenders,
                "version": version,
                "newestVersion": row.version,
                "consumer": row.consumer_id,
                "provider": row.provider_id,
                "dataset": row.dataset_id,
                "title": text["title"],
                "purposes": [one["code"] for one in text["purposes"]],
                "fields": text["fields"],
                "validFrom": text["validFrom"],
                "validUntil": text["validUntil"],
                "draftedAt": moment(row.created_at),
            }
        )
    return found
