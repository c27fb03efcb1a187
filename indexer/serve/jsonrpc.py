"""JSON-RPC 2.0 over HTTP as values: requests read from a body, answers written to one."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603
SERVER = -32000
PARSE = -32700
REVERTED = 3


class RpcError(Exception):
    """The answer is an error object; *status* is the HTTP status a provider sends with it."""

    def __init__(self, code: int, message: str, data: object = None, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.status = status


class Request(NamedTuple):
    """One call: its id as JSON, the method ('' where there was none) and the parameters as they came."""

    id: bytes
    method: str
    params: object


class Asked(NamedTuple):
    """What one HTTP body asked for; *many* tells a batch from a single call."""

    requests: tuple[Request, ...]
    many: bool


class Reply(NamedTuple):
    """One HTTP answer. Only *sent* bytes of the body go out before the connection is cut; None sends all."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    retry_after: int | None = None
    sent: int | None = None
    pause_ms: int = 0


def read(body: bytes) -> Asked:
    """Return the calls of *body*; RpcError where it is no JSON or an empty batch."""
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise RpcError(PARSE, "parse error") from error
    if not isinstance(content, list):
        return Asked((_request(content),), many=False)
    if not content:
        raise RpcError(INVALID_REQUEST, "empty batch")
    return Asked(tuple(_request(item) for item in content), many=True)


def _request(item: object) -> Request:
    if not isinstance(item, dict):
        return Request(b"null", "", [])
    method = item.get("method")
    known = method if isinstance(method, str) and item.get("jsonrpc") == "2.0" else ""
    return Request(msgspec.json.encode(item.get("id")), known, item.get("params", []))


def result(id_: bytes, body: bytes) -> bytes:
    """Return the answer that holds *body*, which is JSON already."""
    return b'{"jsonrpc":"2.0","id":' + id_ + b',"result":' + body + b"}"


def failure(id_: bytes, error: RpcError) -> bytes:
    """Return the answer that holds an error object."""
    told: dict[str, object] = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return b'{"jsonrpc":"2.0","id":' + id_ + b',"error":' + msgspec.json.encode(told) + b"}"


def joined(answers: list[bytes], *, many: bool) -> bytes:
    """Return the body of an HTTP answer: an array for a batch, the one answer otherwise."""
    return b"[" + b",".join(answers) + b"]" if many else answers[0]
