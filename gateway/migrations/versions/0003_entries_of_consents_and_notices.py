"""Which ledger entries are about which consent or notice: for the person to read, and to be forgotten with them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_entry",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("ix_consent_entry_consent_id", "consent_entry", ["consent_id"])
    # Of what was entered before, the latest decision is known.
    op.execute(
        "INSERT INTO consent_entry (entry_id, consent_id) SELECT entry_id, id FROM consent WHERE entry_id IS NOT NULL"
    )
    with op.batch_alter_table("notice") as batch_op:
        batch_op.add_column(sa.Column("entry_id", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("notice") as batch_op:
        batch_op.alter_column("entry_id", server_default=None)
        batch_op.create_index("ix_notice_entry_id", ["entry_id"])


def downgrade() -> None:
    with op.batch_alter_table("notice") as batch_op:
        batch_op.drop_index("ix_notice_entry_id")
        batch_op.drop_column("entry_id")
    op.drop_index("ix_consent_entry_consent_id", "consent_entry")
    op.drop_table("consent_entry")
