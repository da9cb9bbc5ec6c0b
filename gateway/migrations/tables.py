"""Every table of every room, for migrations and for tests that create a schema at once."""

from sqlmodel import SQLModel

import gateway.agencies.tables
import gateway.agreements.tables
import gateway.auth.tables
import gateway.catalogue.tables
import gateway.consent.tables
import gateway.exchange.tables
import gateway.ledger.tables
import gateway.notices.tables
import gateway.subjects.tables  # noqa: F401  # the imports declare the tables

METADATA = SQLModel.metadata
