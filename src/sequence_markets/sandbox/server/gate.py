"""The outermost layer: gives every request its id, and turns every failure into the error envelope."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sequence_markets.sandbox.faults import Fault, Faults
from sequence_markets.sandbox.server.endpoint import header, send_bytes
from sequence_markets.sandbox.server.errors import ApiError, error_body
from sequence_markets.sandbox.server.faulty import suffer
from sequence_markets.sandbox.trading.errors import Refusal

_log = logging.getLogger("sequence_markets.sandbox")

_REQUEST_ID: Final = re.compile(r"[\x20-\x7e]{1,128}")


class Gate:
    """ASGI layer around the router.

    Args:
        app: The router.
        faults: What goes wrong on purpose.
    """

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = header(scope, b"x-request-id")
        request_id = given if given is not None and _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        scope["sequence.request_id"] = request_id
        answer = send if scope["type"] == "http" else _instead_of_a_socket(send)
        fault = self._fault(scope)
        try:
            if fault is None:
                await self._app(scope, receive, send)
            else:
                await suffer(fault, self._app, scope, receive, send)
        except ApiError as error:
            body = error_body(error.code, error.message, request_id, error.details)
            await send_bytes(answer, error.status, body, request_id, error.headers)
        except Refusal as refusal:
            body = error_body(refusal.code, refusal.message, request_id, refusal.details)
            await send_bytes(answer, refusal.status, body, request_id)
        except Exception:
            _log.exception("request %s failed", request_id)
            body = error_body("INTERNAL_ERROR", "the sandbox failed; its log says where", request_id)
            await send_bytes(answer, 500, body, request_id)

    def _fault(self, scope: Scope) -> Fault | None:
        """The control plane, which ends faults, has none."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            return None
        return self._faults.on_request(scope["method"], scope["path"])


def _instead_of_a_socket(send: Send) -> Send:
    """Send an HTTP answer where a socket was asked for."""

    async def answer(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return answer
