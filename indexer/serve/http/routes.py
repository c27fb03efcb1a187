"""The routes: what is asked for by which path, and the page it gets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from indexer.config.model import Registry, Token
from indexer.config.select import chains_named, select
from indexer.floor.errors import Usage
from indexer.floor.tables import Table
from indexer.floor.when import day
from indexer.serve.http.asking import Answered, Formed, OnBasis, Paged, Posted, Selected, listing
from indexer.serve.http.described import ERROR, MEANING, of_arrow, of_table, page
from indexer.serve.http.formats import MEDIA, Form, chosen
from indexer.serve.http.listings import LISTED, Wanted, rows
from indexer.serve.http.pages import Ask, Pages
from indexer.serve.questions import Typed, answer, covered, question
from indexer.store.read import guarded
from indexer.sync.status import status_of, status_schema

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SQL_SECONDS = 30.0

Name = Annotated[str, Path(max_length=200, description="A token, a product, a symbol or a contract.")]
Json = Mapping[str, Any]
Act = Callable[..., Response]


class NotKnown(Exception):
    """A name that means nothing here, or that this home has no data of."""


class Served(NamedTuple):
    """What every route needs."""

    registry: Registry
    pages: Pages
    lake: str


def router(served: Served, answers: Mapping[str, Json]) -> APIRouter:
    """Return the routes over *served*; *answers* has the schema of each answer's rows."""
    made = APIRouter(prefix="/v1")
    for name, table in LISTED.items():
        _add(made, f"/{name}", _listing(served, table), table.doc, of_table(table))
    for name, schema in answers.items():
        _add(made, f"/{name}/{{name}}", _answer(served, name), MEANING[name], schema)
    _add(made, "/status", _status(served), _STATUS, of_arrow(status_schema()))
    _add(made, "/sql", _sql(served), _SQL, {"type": "object"})
    _add(made, "/sql", _posted(served), _SQL, {"type": "object"}, "POST")
    return made


_STATUS = "Per token and chain: frontier, head, lag, holes, unclassified share, last certificate."
_SQL = (
    "The rows of one SELECT (DuckDB's SQL) over the tables, read-only and bounded in rows, time and memory."
)
_SAME = "Nothing changed since the answer whose ETag came as If-None-Match."
_ERRORS = {
    400: "Something in the request is wrong; the sentence says what to do.",
    401: "A token is wanted.",
    404: "The name means nothing here, or this home has no data of it.",
    410: "The cursor's page is no longer kept; start from the first page.",
    503: "The home cannot be read, or the answer took too long.",
}


def _add(made: APIRouter, path: str, act: Act, told: str, row: Json, method: str = "GET") -> None:
    content: dict[str, Any] = {media.partition(";")[0]: {} for media in MEDIA.values()}
    content[MEDIA[Form.JSON]] = {"schema": page(dict(row))}
    responses: dict[int | str, dict[str, Any]] = {
        code: {"description": why, "content": {"application/json": {"schema": ERROR}}}
        for code, why in _ERRORS.items()
    }
    responses |= {200: {"description": "A page of rows.", "content": content}, 304: {"description": _SAME}}
    made.add_api_route(
        path,
        act,
        methods=[method],
        description=told,
        summary=told.split(":", maxsplit=1)[0].split(". ", maxsplit=1)[0].rstrip("."),
        operation_id=f"{method}{path}".lower().translate({ord("/"): "_", ord("{"): "by_", ord("}"): None}),
        response_class=Response,
        responses=responses,
    )


def _listing(served: Served, table: Table) -> Act:
    def listed(request: Request, typed: Paged) -> Response:
        given = typed.model_dump()
        tokens = given.get("token") and tuple(
            one.id for one in tokens_called(served.registry, given["token"])
        )
        chains = tuple(one.id for one in chains_named(served.registry, given.get("chain", ()), "chain"))
        days = (day("from", given.get("first")), day("to", given.get("last")))
        wanted = Wanted(tokens or None, chains or None, *days)
        ask = Ask(f"{table.name} {wanted}", _form(request, typed), given["limit"], given["cursor"], tokens or None,
                  partial(rows, table=table, wanted=wanted), windowed=True)  # fmt: skip
        return respond(request, served.pages, ask)

    return _taking(listed, "typed", listing(table))


def _answer(served: Served, what: str) -> Act:
    def answered(request: Request, name: Name, asked: Answered) -> Response:
        tokens = tuple(one.id for one in tokens_called(served.registry, [name], product=asked.product))
        basis = getattr(asked, "basis", "total")
        typed = Typed(
            name,
            asked.product,
            tuple(asked.chain),
            asked.at,
            asked.first,
            asked.last,
            None,
            basis,
            "{}",
            asked.known_on,
            "known_on",
        )
        wanted = question(served.registry, typed)

        def all_rows(con: duckdb.DuckDBPyConnection, _offset: int, _most: int) -> pa.Table:
            return answer(con, what, wanted, typed.chains)

        ask = Ask(f"{what} {wanted}", _form(request, asked), asked.limit, asked.cursor, tokens, all_rows,
                  note=partial(covered, asked=wanted))  # fmt: skip
        return respond(request, served.pages, ask)

    return _taking(answered, "asked", OnBasis if what == "rollforward" else Answered)


def _status(served: Served) -> Act:
    def status(request: Request, typed: Annotated[Paged, Query()]) -> Response:
        def window(con: duckdb.DuckDBPyConnection, offset: int, most: int) -> pa.Table:
            return status_of(con, served.registry, tuple(served.registry.tokens.values())).slice(offset, most)

        ask = Ask("status", _form(request, typed), typed.limit, typed.cursor, None, window, windowed=True)
        return respond(request, served.pages, ask, kept=False)

    return status


def _sql(served: Served) -> Act:
    def sql(request: Request, typed: Annotated[Selected, Query()]) -> Response:
        return _queried(served, request, typed.q, typed.limit, _form(request, typed))

    return sql


def _posted(served: Served) -> Act:
    def posted(request: Request, body: Posted, typed: Annotated[Formed, Query()]) -> Response:
        return _queried(served, request, body.sql, body.limit, _form(request, typed))

    return posted


def _queried(served: Served, request: Request, sql: str, limit: int, form: Form) -> Response:
    def found(con: duckdb.DuckDBPyConnection, _offset: int, most: int) -> pa.Table:
        return guarded(con, sql, most, SQL_SECONDS, served.lake)

    key = hashlib.blake2b(sql.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return respond(request, served.pages, Ask(key, form, limit, None, None, found, windowed=True), kept=False)


def _taking(act: Act, name: str, model: type[Paged]) -> Act:
    """Return *act* with its parameter *name* told to be the query that *model* has."""
    act.__annotations__[name] = Annotated[model, Query()]
    return act


def tokens_called(registry: Registry, names: Sequence[str], *, product: bool = False) -> tuple[Token, ...]:
    """Return the tokens *names*; raises NotKnown where one means nothing."""
    try:
        return select(registry, names, product=product)
    except Usage as error:
        raise NotKnown(str(error)) from None


def _form(request: Request, typed: Formed) -> Form:
    return chosen(typed.form, request.headers.get("accept", ""))


def respond(request: Request, pages: Pages, ask: Ask, *, kept: bool = True) -> Response:
    """Return the page of *ask*; without *kept* it is made anew each time, and nobody may keep it."""
    media = MEDIA[ask.form]
    if not kept:
        content, following = pages.fresh(ask)
        headers = {"cache-control": "no-store"} | _link(request, following)
        return Response(content, media_type=media, headers=headers)
    body = pages.answer(ask, request.headers.get("if-none-match", ""))
    headers = {"etag": body.etag, "cache-control": "no-cache", "vary": "accept"}
    if body.content is None:
        return Response(status_code=304, headers=headers)
    return Response(body.content, media_type=media, headers=headers | _link(request, body.following))


def _link(request: Request, following: str | None) -> dict[str, str]:
    """Return the header that names the next page, for the forms that have no place for it."""
    if following is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"link": f'<{request.url.path}?{urlencode([*query, ("cursor", following)])}>; rel="next"'}
