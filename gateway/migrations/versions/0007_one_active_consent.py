"""Of one person's consents for the same at most one is active: of several one that has not expired, the newest."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("status = 'active'")
_RIGHT = ("subject_id", "consumer_id", "dataset_id", "purpose")


def upgrade() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            f"SELECT id, {', '.join(_RIGHT)} FROM consent WHERE status = 'active'"  # noqa: S608  # names of ours
            " ORDER BY CASE WHEN expires_at > :now THEN 0 ELSE 1 END, requested_at DESC, id DESC"
        ),
        {"now": time.time_ns() // 1000},
    ).all()
    kept: set[tuple[str, ...]] = set()
    for consent_id, *right in rows:
        if tuple(right) in kept:
            connection.execute(sa.text("UPDATE consent SET status = 'replaced' WHERE id = :id"), {"id": consent_id})
        kept.add(tuple(right))
    op.create_index(
        "consent_one_active", "consent", [*_RIGHT], unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
    )


def downgrade() -> None:
    op.drop_index("consent_one_active", "consent")
