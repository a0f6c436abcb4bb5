"""The outermost layer: gives every request its id, and turns every failure into the error envelope."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from sequence_markets.sandbox.server.endpoint import header, send_bytes
from sequence_markets.sandbox.server.errors import ApiError, error_body
from sequence_markets.sandbox.trading.errors import Refusal

_log = logging.getLogger("sequence_markets.sandbox")

_REQUEST_ID: Final = re.compile(r"[\x20-\x7e]{1,128}")


class Gate:
    """ASGI layer around the router.

    Args:
        app: The router.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        given = header(scope, b"x-request-id")
        request_id = given if given is not None and _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        scope["sequence.request_id"] = request_id
        try:
            await self._app(scope, receive, send)
        except ApiError as error:
            body = error_body(error.code, error.message, request_id, error.details)
            await send_bytes(send, error.status, body, request_id, error.headers)
        except Refusal as refusal:
            body = error_body(refusal.code, refusal.message, request_id, refusal.details)
            await send_bytes(send, refusal.status, body, request_id)
        except Exception:
            _log.exception("request %s failed", request_id)
            body = error_body("INTERNAL_ERROR", "the sandbox failed; its log says where", request_id)
            await send_bytes(send, 500, body, request_id)
