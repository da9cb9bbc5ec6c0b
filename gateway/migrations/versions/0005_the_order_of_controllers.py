"""The terms of a consent anew: the order in which an agreement names its controllers is none of them any more."""

import hashlib
import json
from typing import Any

import rfc8785
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ABOUT = ("consumer", "provider", "dataset", "controllers", "retention", "onwardUse")


def upgrade() -> None:
    _digest(as_a_set=True)


def downgrade() -> None:
    _digest(as_a_set=False)


def _digest(*, as_a_set: bool) -> None:
    """Each consent was asked under a version that is still there: its terms follow from that (docs/adr/0014)."""
    connection = op.get_bind()
    asked = connection.execute(
        sa.text(
            "SELECT DISTINCT c.agreement_id, c.agreement_version, c.purpose, v.text FROM consent c "
            "JOIN agreement_version v ON v.agreement_id = c.agreement_id AND v.version = c.agreement_version"
        )
    ).all()
    for agreement_id, version, code, text in asked:
        stored: dict[str, Any] = json.loads(text)
        [purpose] = [one for one in stored["purposes"] if one["code"] == code]
        terms = {**{name: stored.get(name) for name in _ABOUT}, "purpose": purpose}
        if as_a_set:
            terms["controllers"] = sorted({*stored["controllers"]})
        connection.execute(
            sa.text(
                "UPDATE consent SET terms = :terms WHERE agreement_id = :agreement_id "
                "AND agreement_version = :version AND purpose = :code"
            ),
            {
                "terms": hashlib.sha256(rfc8785.dumps(terms)).hexdigest(),
                "agreement_id": agreement_id,
                "version": version,
                "code": code,
            },
        )
