"""Lists: a page of items and the cursor of the next."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field

from schemas.base import WireModel

T = TypeVar("T")
Cursor = Annotated[str, Field(description="`nextCursor` of the page before; empty for the first")]


class Page(WireModel, Generic[T]):
    """`nextCursor` is null on the last page; otherwise send it back as `?cursor=`."""

    items: list[T]
    next_cursor: Annotated[str | None, Field(examples=[None])] = None
    """What to send as `?cursor=` for the page after this; null on the last."""
