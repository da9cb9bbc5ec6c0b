"""The REST adapter: a record from an agency's own HTTP API, whatever its habits.

    baseUrl: https://benefits.example/api
    oauth: {tokenUrl: /token, clientId: threekeys, clientSecret: env:BENEFITS_SECRET}
    request:
      path: /claims/search               # POST unless `method` says GET
      json: {ni: "{nino}"}               # or `form`; {scheme} stands for an identifier of the query
      headers: {X-Caller: threekeys}
    items: data.claims          # where the list stands in each answer; without it the answer is the record
    itemsAre: rows              # rows of the one person asked for, or `records`, each one a person's (default)
    paging: {page: page, in: body, pages: meta.totalPages}
    mapping: benefits.yaml               # or written here

The exchange's id goes along in the header `X-Exchange-Id`. With `itemsAre: rows` the source record is the first page
with the rows of all pages at `items`, so that the mapping reads `each: data.claims`; no rows at all means no record.
With `records`, more than one is `Permanent`, unless `pickByIdentifier` leaves only the one asked for.

Identifiers stand in bodies and headers. A source that takes them in its address alone needs
`unsafeIdentifiersInUrl: true`, since addresses stand in the logs of everybody between.
"""

import ssl
import time
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import urljoin

from pydantic import Field, model_validator

from adapters.base import AdapterSettings, Offer, Query, Record, Secret, secret
from adapters.errors import Misconfigured, NotFound, Permanent, Retriable
from adapters.http import HttpClient, Response
from adapters.http.trust import CaFileUnusable, trusting
from adapters.mapped import Mapped, agrees, mapped_offer
from adapters.mapping import RecordMapping
from adapters.oauth import ClientCredentials, OAuthSettings
from adapters.paging import Paging, absorb
from adapters.reading import ABSENT, getter
from adapters.templates import fill, placeholders, quoted


class RequestSettings(AdapterSettings):
    """How the source is asked. Strings may hold `{scheme}`."""

    method: Literal["GET", "POST"] = "POST"
    path: str = Field(default="", pattern=r"^(/.*)?$")
    params: dict[str, str | int] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    form: dict[str, str] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.json_ is not None and self.form is not None:
            raise ValueError("give either `json` or `form`")
        if self.method == "GET" and (self.json_ is not None or self.form is not None):
            raise ValueError("a GET has no body; identifiers go into `headers`, or use POST")
        return self


class RestSettings(AdapterSettings):
    """See the module."""

    base_url: str
    request: RequestSettings
    oauth: OAuthSettings | None = None
    bearer: Secret | None = None
    items: str | None = None
    items_are: Literal["records", "rows"] = "records"
    pick_by_identifier: bool = False
    paging: Paging | None = None
    mapping: RecordMapping
    probe_path: str | None = Field(default=None, pattern=r"^/.*$")
    ca_file: str | None = None  # PEM of authorities to trust beside those of the machine
    unsafe_identifiers_in_url: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        in_url = placeholders(self.request.path) | placeholders(self.request.params)
        if in_url and not self.unsafe_identifiers_in_url:
            raise ValueError(
                f"`request` puts {', '.join(sorted(in_url))} into the address, which stands in logs everywhere:"
                " move it to `json`, `form` or `headers`, or say `unsafeIdentifiersInUrl: true`"
            )
        named = in_url | placeholders(self.request.json_) | placeholders(self.request.form)
        if not named | placeholders(self.request.headers):
            raise ValueError("`request` holds no identifier, such as {nino}, and would ask the same for everybody")
        if self.items is None and (self.paging is not None or self.items_are == "rows"):
            raise ValueError("`items` says where the list stands in an answer; paging and rows need it")
        if self.oauth is not None and self.bearer is not None:
            raise ValueError("give either `oauth` or `bearer`")
        if self.paging is not None and self.paging.in_ == "body" and not isinstance(self.request.json_, dict):
            raise ValueError("`paging.in: body` needs `request.json`, an object that it is put into")
        return self


class RestAdapter:
    """See the module."""

    Settings = RestSettings

    def __init__(self, settings: RestSettings) -> None:
        self.settings = settings
        self._mapped = Mapped(settings.mapping)
        tls = _tls(settings.ca_file)
        self._client = HttpClient(settings.base_url, tls=tls)
        self._oauth = ClientCredentials(settings.oauth, self._client, tls) if settings.oauth else None
        self._bearer = secret(settings.bearer) if settings.bearer else None
        self._items = getter(settings.items) if settings.items else None

    @classmethod
    def offer(cls, settings: RestSettings) -> Offer:
        """What its settings say."""
        request = settings.request
        return mapped_offer(
            settings.mapping,
            placeholders([request.path, request.params, request.json_, request.form, request.headers]),
        )

    async def fetch(self, query: Query) -> Record | None:
        """The record. A source that answers 404 holds none."""
        deadline = time.monotonic() + query.deadline
        try:
            source = await self._source(query, deadline)
        except NotFound:
            return None
        return None if source is None else self._mapped(source, query.fields)

    def origin_of(self, path: str) -> str | None:
        """What a field of the record is read from."""
        return self._mapped.origin_of(path)

    async def probe(self) -> str | None:
        """A token where there is OAuth, and `probePath` where it is set; else whether the host takes a connection."""
        deadline = time.monotonic() + 5.0
        path = self.settings.probe_path
        if path is not None or self._oauth is None:
            response = await self._send("GET", path or "/", deadline)
            if path is not None:
                response.raise_for_source()
        else:
            await self._oauth.token(5.0)
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._oauth is not None:
            await self._oauth.aclose()
        await self._client.aclose()

    async def _source(self, query: Query, deadline: float) -> Mapping[str, Any] | None:
        first = await self._page(query, deadline, {})
        if self._items is None:
            return first
        items, pages = self._list(first), [first]
        paging = self.settings.paging
        if paging is not None:
            page, turns = first, 1
            while (following := paging.following(page, turns, len(self._list(page)))) is not None:
                try:
                    page = await self._page(query, deadline, following)
                except NotFound:  # the first page was there: a part of the record is missing, not the record
                    raise Permanent("the source answered 404 for a page that it led to") from None
                turns += 1
                items = items + self._list(page)
                pages.append(page)
        if self.settings.items_are == "rows":
            return self._whole(pages, items) if items else None
        return self._one(items, query)

    def _whole(self, pages: list[Mapping[str, Any]], items: list[Any]) -> Mapping[str, Any]:
        """The first page with the rows of all; where one page, or one row, says that the record is restricted, then
        that one. Raises `Permanent` where one is about another person than the rest."""
        path = self.settings.items or ""
        each = [absorb(page, path, [row]) for page in pages for row in self._list(page)]
        whose: dict[str, str] = {}
        for one in (*pages, *each):
            carried = self._mapped.identifiers(one)
            if not agrees(carried, whose):
                raise Permanent("the source gives rows of more than one person for one person")
            whose.update(carried)
        marked = (one for one in (*pages, *each) if self._mapped.says_restricted(one))
        return next(marked, absorb(pages[0], path, items))

    def _one(self, items: list[Any], query: Query) -> Mapping[str, Any] | None:
        if self.settings.pick_by_identifier:
            items = [item for item in items if self._carries(item, query.identifiers)]
        elif len(items) > 1:
            items = self._mapped.of_one(items, query.identifiers)
        if len(items) > 1:
            pick = "" if self.settings.pick_by_identifier else ", or `pickByIdentifier: true` if only one of them is"
            raise Permanent(
                f"the source gives more than one record for one person at {self.settings.items}: say `itemsAre: rows`"
                f" if all of them are that person's{pick}"
            )
        return items[0] if items else None

    def _carries(self, item: Mapping[str, Any], identifiers: Mapping[str, str]) -> bool:
        carried = self._mapped.identifiers(item)
        shared = carried.keys() & identifiers.keys()
        return bool(shared) and all(carried[scheme] == identifiers[scheme] for scheme in shared)

    def _list(self, page: Mapping[str, Any]) -> list[Any]:
        found = self._items(page) if self._items else []
        if found is None:
            return []
        if found is ABSENT or not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
            raise Permanent(f"the answer has no list of objects at {self.settings.items}, which `items` names")
        return found

    async def _page(self, query: Query, deadline: float, following: Mapping[str, Any]) -> Mapping[str, Any]:
        asked, identifiers = self.settings.request, query.identifiers
        params: dict[str, Any] = fill(asked.params, identifiers)
        body = fill(asked.json_, identifiers)
        path = fill(asked.path, quoted(identifiers))
        if following:
            if "link" in following:
                path, params = self._own_path(path, following["link"]), {}
            elif self.settings.paging is not None and self.settings.paging.in_ == "body":
                body = {**body, **following}
            else:
                params = {**params, **following}
        response = await self._send(
            asked.method,
            path,
            deadline,
            params=params,
            json=body,
            form=fill(asked.form, identifiers),
            headers={**fill(asked.headers, identifiers), "x-exchange-id": query.exchange_id},
        )
        page = response.raise_for_source().json()
        if not isinstance(page, dict):
            raise Permanent("the answer is not a JSON object")
        return page

    async def _send(
        self, method: str, path: str, deadline: float, *, headers: Mapping[str, str] | None = None, **what: Any
    ) -> Response:
        """One call, with a token; once more where the token had died before its time."""
        for attempt in (1, 2):
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise Retriable("the source was too slow for the deadline")
            token = await self._oauth.token(seconds) if self._oauth is not None else self._bearer
            sent = {**(headers or {}), "authorization": f"Bearer {token}"} if token else headers
            response = await self._client.request(
                method,
                path,
                headers=sent,
                deadline=max(deadline - time.monotonic(), 0.001),
                idempotent=True,  # a read, even where the source wants it as a POST
                **what,
            )
            if response.status != 401 or self._oauth is None or attempt == 2:
                break
            self._oauth.forget(token)
        return response

    def _own_path(self, path: str, link: str) -> str:
        """The path of a next link. One that leads out of `baseUrl` is refused: the token would go with it."""
        base = self._client.origin.text + self._client.prefix
        whole = urljoin(base + path, link)
        if not whole.startswith(base + "/"):
            raise Permanent("the next page's link leads out of `baseUrl`")
        return whole.removeprefix(base)


def _tls(ca_file: str | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return trusting(ca_file)
    except CaFileUnusable as error:
        raise Misconfigured(f"`caFile`: {error}") from None
