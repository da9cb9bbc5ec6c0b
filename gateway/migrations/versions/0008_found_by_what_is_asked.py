"""Indexes for what is asked: exchanges by their id as a person is forgotten, an agency's consents in their order."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("subject_exchange_of", "subject_exchange", ["exchange_id"])
    op.create_index("consent_of_consumer", "consent", ["consumer_id", "id"])
    op.drop_index("ix_consent_consumer_id", "consent")


def downgrade() -> None:
    op.create_index("ix_consent_consumer_id", "consent", ["consumer_id"])
    op.drop_index("consent_of_consumer", "consent")
    op.drop_index("subject_exchange_of", "subject_exchange")
