"""Tables of the room. Rows refer to each other by id."""

from sqlalchemy import Table
from sqlmodel import SQLModel

from gateway.db.columns import key, micros, optional_text, text


class Agency(SQLModel, table=True):
    """An organisation. `kind`: public, private or charity. `status`: active or suspended."""

    id: str = key()
    name: str = text()
    kind: str = text()
    status: str = text()
    contact: str = text()
    created_at: int = micros()


class Client(SQLModel, table=True):
    """One system of an agency. `scopes` is a JSON list; `jwks` a JSON Web Key Set, or empty beside a `jwks_uri`."""

    id: str = key()
    agency_id: str = text(index=True)
    name: str = text()
    status: str = text()
    scopes: str = text()
    jwks: str = text()
    jwks_uri: str | None = optional_text()
    created_at: int = micros()


agency: Table = SQLModel.metadata.tables["agency"]
client: Table = SQLModel.metadata.tables["client"]
