"""Lists: a page of items and the cursor of the next."""

from typing import Generic, TypeVar

from schemas.base import WireModel

T = TypeVar("T")


class Page(WireModel, Generic[T]):
    """`nextCursor` is null on the last page; otherwise send it back as `?cursor=`."""

    items: list[T]
    next_cursor: str | None = None
