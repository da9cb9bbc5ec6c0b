"""Of one person's consents for the same at most one is active: the newest, if several are."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("status = 'active'")


def upgrade() -> None:
    op.execute(
        "UPDATE consent SET status = 'replaced' WHERE status = 'active' AND EXISTS (SELECT 1 FROM consent newer"
        " WHERE newer.subject_id = consent.subject_id AND newer.consumer_id = consent.consumer_id"
        " AND newer.dataset_id = consent.dataset_id AND newer.purpose = consent.purpose AND newer.status = 'active'"
        " AND (newer.requested_at > consent.requested_at"
        " OR (newer.requested_at = consent.requested_at AND newer.id > consent.id)))"
    )
    op.create_index(
        "consent_one_active",
        "consent",
        ["subject_id", "consumer_id", "dataset_id", "purpose"],
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    )


def downgrade() -> None:
    op.drop_index("consent_one_active", "consent")
