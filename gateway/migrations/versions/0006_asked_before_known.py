"""With which pseudonyms an exchange was asked before the gateway knew whom it was about. Of older ones it is lost."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pseudonym_exchange",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "exchange_id"),
    )
    op.create_index("ix_pseudonym_exchange_exchange_id", "pseudonym_exchange", ["exchange_id"])


def downgrade() -> None:
    op.drop_index("ix_pseudonym_exchange_exchange_id", "pseudonym_exchange")
    op.drop_table("pseudonym_exchange")
