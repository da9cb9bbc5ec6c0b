"""Paging: how a source splits a long answer, and how the next part is asked for.

{page: page, in: body, pages: meta.totalPages}    a number, up to a total; `more: meta.hasMore` tells it by a flag;
                                                  with neither, until a page with no items
{cursor: after, next: meta.cursor}                a cursor out of the answer, until there is none
{next: links.next}                                a whole link out of the answer, until there is none
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from adapters.base import AdapterSettings
from adapters.errors import Permanent
from adapters.reading import ABSENT, getter


class Paging(AdapterSettings):
    """See the module. `page` and `cursor` name a parameter; `next`, `pages` and `more` a path in answers."""

    page: str | None = None
    first: int = 1
    pages: str | None = None
    more: str | None = None
    cursor: str | None = None
    next: str | None = None
    in_: Literal["query", "body"] = Field(default="query", alias="in")
    most: int = Field(default=20, ge=1, le=1000)  # pages; one person's record has no more

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.page is not None and (self.cursor is not None or self.next is not None):
            raise ValueError("`page` numbers the pages; `cursor` and `next` belong to the other kinds")
        if self.page is None and self.next is None:
            raise ValueError("give `page`, or `next` with or without `cursor`")
        return self

    def following(self, answer: Mapping[str, Any], turns: int, items: int) -> dict[str, Any] | None:
        """What asks for the page after this answer, the `turns`th; None where it is the last.

        A whole link comes as `{"link": …}`. Raises `Permanent` past `most` pages, or where the answer does not say.
        """
        found = self._numbered(answer, turns, items) if self.page is not None else self._linked(answer)
        if found is not None and turns >= self.most:
            raise Permanent(f"the source has more than {self.most} pages for one person")
        return found

    def _numbered(self, answer: Mapping[str, Any], turns: int, items: int) -> dict[str, Any] | None:
        if self.pages is not None:
            total = getter(self.pages)(answer)
            if not isinstance(total, int) or isinstance(total, bool):
                raise Permanent(f"the answer has no number at {self.pages}, which `paging.pages` names")
            last = turns >= total
        elif self.more is not None:
            flag = getter(self.more)(answer)
            if not isinstance(flag, bool):
                raise Permanent(f"the answer has no true or false at {self.more}, which `paging.more` names")
            last = not flag
        else:
            last = items == 0
        return None if last else {self.page or "": self.first + turns}

    def _linked(self, answer: Mapping[str, Any]) -> dict[str, Any] | None:
        found = getter(self.next or "")(answer)
        if found is ABSENT or found is None or found == "":
            return None
        if not isinstance(found, str | int):
            raise Permanent(f"the answer has no link or cursor at {self.next}, which `paging.next` names")
        return {self.cursor: found} if self.cursor is not None else {"link": str(found)}


def absorb(first: Mapping[str, Any], path: str, items: list[Any]) -> dict[str, Any]:
    """The first page with the items of all pages in the place of its own; nothing of `first` is changed."""
    if path in first or "." not in path:
        return {**first, path: items}
    name, rest = path.split(".", 1)
    return {**first, name: absorb(first[name], rest, items)}
