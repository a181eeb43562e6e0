"""Who may ask: Host and Origin checks, the token, and headers that keep stored files from acting as pages."""

import hmac
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from if_graph.server.refusals import Refused

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
COOKIE = "if_graph_token"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Tell whether a name or address means this machine and no other.

    Only ``localhost`` and addresses of the loopback range do; a name that merely begins like one, such as
    ``127.0.0.1.example.org``, does not, and ``0.0.0.0`` is every interface.
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def guard(token: str | None) -> Middleware:
    """Return the middleware that every request passes.

    Args:
        token: what a client must show; None for a server that only this machine can reach.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _require_own_page(request, token is not None)
            if token is not None:
                _require_token(request, token)
            response = await handler(request)
        except Refused as error:
            response = web.json_response(error.body, status=error.status)
        except web.HTTPException as error:
            error.headers.update(HEADERS)
            raise
        if not response.prepared:
            response.headers.update(HEADERS)
            if token is not None and request.query.get("token"):
                response.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
        return response

    return guarded


def _require_own_page(request: web.Request, has_token: bool) -> None:
    """Refuse what a page of another site sends, and names that were bent to point here.

    Raises:
        Refused: if so.
    """
    hosts = request.headers.getall("Host", [])
    name = _host_name(hosts[0]) if len(hosts) == 1 else None
    if name is None or not (has_token or is_loopback(name)):
        raise Refused(403, "bad_host", "the Host header names another machine; open the printed address")
    for origin in request.headers.getall("Origin", []):
        if not _is_same(origin, hosts[0]):
            raise Refused(403, "bad_origin", "the request comes from another page; open the printed address")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin") and not _is_visit(request):
        raise Refused(403, "bad_origin", "the request comes from another site; open the printed address")


def _is_visit(request: web.Request) -> bool:
    """Whether somebody follows a link to the editor, which shows a page and does nothing else."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return request.method == "GET" and request.path == "/" and mode == "navigate"


def _host_name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        plain = parts.port is not None or not host.endswith(":")
    except ValueError:
        return None
    odd = any(letter in host for letter in "@/?#\\ ")
    return parts.hostname if plain and not odd else None


def _is_same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _require_token(request: web.Request, token: str) -> None:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    shown = (
        sent if scheme.lower() == "bearer" else "",
        request.query.get("token", ""),
        request.cookies.get(COOKIE, ""),
    )
    if not any(hmac.compare_digest(one.encode("utf-8", "replace"), token.encode()) for one in shown):
        raise Refused(401, "no_token", "the token is missing or wrong; send 'Authorization: Bearer TOKEN'")
