"""Request bodies -> JSON, within limits on bytes, nesting and time."""

import asyncio
import json
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

from aiohttp import web

from if_graph.server.refusals import Refused
from if_graph.server.state import state_of

T = TypeVar("T")

LARGEST_JSON = 16 * 2**20
"""Bytes of a JSON body; a workflow with a thousand nodes is about one tenth of it."""
DEEPEST = 64
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""Types that a page may send anywhere without asking."""
_OF_PAGES = ("Origin", "Referer", "Sec-Fetch-Site")
"""Headers by which a browser tells of the page that sends."""


async def read_bytes(request: web.Request, largest: int) -> bytes:
    """Read a body.

    Raises:
        Refused: if it is larger than ``largest`` bytes, or arrives too slowly.
    """
    return await in_time(_read(request, largest), state_of(request).limits.body_seconds)


async def in_time(work: Awaitable[T], seconds: float) -> T:
    """Wait for what a client sends.

    Raises:
        Refused: if it takes longer than ``seconds``.
    """
    try:
        return await asyncio.wait_for(work, seconds)
    except asyncio.TimeoutError as error:
        raise Refused(408, "too_slow", f"the body took more than {seconds:g} s; send it again") from error


async def _read(request: web.Request, largest: int) -> bytes:
    data = bytearray()
    async for chunk in request.content.iter_chunked(2**16):
        data += chunk
        if len(data) > largest:
            raise Refused(413, "too_large", f"the body exceeds {largest} bytes; send less")
    return bytes(data)


async def read_json(request: web.Request) -> Any:
    """Read a JSON body; a page must call it JSON, which no page of another site can do unasked.

    Programs may call it what they like: urllib calls every body a form.

    Raises:
        Refused: if it is not JSON, too large or too deep, or a page calls it a form.
    """
    if request.content_type in _FORMS and any(name in request.headers for name in _OF_PAGES):
        raise Refused(415, "bad_type", "the body is a form, expected application/json")
    return parse_json(await read_bytes(request, LARGEST_JSON))


async def read_object(request: web.Request) -> dict[str, Any]:
    """Read a JSON body that is an object; an empty body is an empty one.

    Raises:
        Refused: if it is anything else.
    """
    if not request.can_read_body:
        return {}
    value = await read_json(request)
    if not isinstance(value, dict):
        raise Refused(400, "bad_json", "the body is not an object, expected {...}")
    return value


def parse_json(data: bytes) -> Any:
    """Parse JSON; numbers that JSON has no words for are refused.

    Raises:
        Refused: if it is malformed or nested deeper than ``DEEPEST``.
    """
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Refused(400, "bad_json", "the body is not JSON; send what 'Export (API)' writes") from error
    if _is_deeper(value, DEEPEST):
        raise _too_deep()
    return value


def _too_deep() -> Refused:
    return Refused(400, "bad_json", f"the JSON is nested deeper than {DEEPEST}; flatten it")


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    while level and limit >= 0:
        level = [child for each in level for child in _children(each) if isinstance(child, dict | list)]
        limit -= 1
    return bool(level)


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
