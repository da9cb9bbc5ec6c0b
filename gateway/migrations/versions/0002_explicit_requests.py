"""Persons' own explicit requests: each opens one exchange."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "explicit_request",
        sa.Column("once", sa.LargeBinary(), nullable=False),
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("once"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("explicit_request")
