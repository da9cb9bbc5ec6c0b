"""The terms that a consent was given under; and of a suspended agreement, a list of who has suspended it."""

import hashlib
import json
from typing import Any

import rfc8785
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ABOUT = ("consumer", "provider", "dataset", "controllers", "retention", "onwardUse")


def upgrade() -> None:
    with op.batch_alter_table("consent") as batch_op:
        batch_op.add_column(sa.Column("terms", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("consent") as batch_op:
        batch_op.alter_column("terms", existing_type=sa.Text(), existing_nullable=False, server_default=None)
    _digest()
    op.execute("""UPDATE agreement SET suspended_by = '["' || suspended_by || '"]' WHERE suspended_by IS NOT NULL""")


def downgrade() -> None:
    # Who suspended beside the other is forgotten, as is what the schema before had no place for.
    op.execute("""UPDATE agreement SET suspended_by = CASE
        WHEN suspended_by LIKE '%"' || consumer_id || '"%' THEN consumer_id ELSE provider_id END
        WHERE suspended_by IS NOT NULL""")
    with op.batch_alter_table("consent") as batch_op:
        batch_op.drop_column("terms")


def _digest() -> None:
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
