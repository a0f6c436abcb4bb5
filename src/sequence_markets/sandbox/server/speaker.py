"""The sending half of a socket, with whatever goes wrong on it."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Scope, Send

from sequence_markets.sandbox.faults import Fault, Faults
from sequence_markets.sandbox.server.faulty import cut
from sequence_markets.sandbox.server.protocols import TRANSPORT
from sequence_markets.sandbox.server.streams.outbox import Frame

_GARBAGE: Final = "{not json"
_LONG: Final = 126
_LONGER: Final = 127
_TEXT_FRAME: Final = 0x81


class Speaker:
    """Sends the frames of one socket.

    Args:
        faults: What goes wrong on purpose.
        scope: The socket's ASGI scope.
        send: Sends an ASGI message.
    """

    def __init__(self, faults: Faults, scope: Scope, send: Send) -> None:
        self._faults = faults
        self._scope = scope
        self._send = send
        self._transport: asyncio.Transport = scope[TRANSPORT]
        self._late: str | None = None
        self._ending: asyncio.Task[None] | None = None

    async def say(self, frame: Frame) -> None:
        """Send a frame, or let a fault happen to it."""
        fault = self._faults.on_frame(frame.channel) if frame.channel else None
        late, self._late = self._late, None
        if fault is None:
            await self._text(frame.text)
        else:
            await self._suffer(fault, frame.text)
        if late is not None:
            await self._text(late)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def hang_up(self, code: int | None) -> None:
        """End the socket now, with a close code or without a word."""
        if code is None:
            self._transport.abort()
        else:
            self._ending = asyncio.create_task(self.close(code, "a fault was asked for"))

    async def _text(self, text: str) -> None:
        # What a transport that is closing is given is lost, and complained about.
        if not self._transport.is_closing():
            await self._send({"type": "websocket.send", "text": text})

    async def _suffer(self, fault: Fault, text: str) -> None:
        match fault.kind:
            case "drop":
                await cut(self._scope)
            case "silence":
                await self._fall_silent(fault.seconds)
                await self._text(text)
            case "stall":
                await asyncio.sleep(fault.seconds)
                await self._text(text)
            case "duplicate":
                await self._text(text)
                await self._text(text)
            case "reorder":
                self._late = text
            case "close":
                await self.close(fault.code, "a fault was asked for")
            case "garbage":
                await self._text(_GARBAGE)
                await self._text(text)
            case _:
                self._transport.write(_half_frame(text))
                # What was written goes out before the end does.
                self._transport.close()

    async def _fall_silent(self, seconds: float) -> None:
        # What is not read is not answered: pings stay without a pong.
        self._transport.pause_reading()
        if seconds:
            await asyncio.sleep(seconds)
            self._transport.resume_reading()
        else:
            await asyncio.Event().wait()


def _half_frame(text: str) -> bytes:
    """A text frame's header and the first half of what it announces."""
    body = text.encode()
    if len(body) < _LONG:
        size = bytes([len(body)])
    elif len(body) <= 0xFFFF:
        size = bytes([_LONG]) + len(body).to_bytes(2, "big")
    else:
        size = bytes([_LONGER]) + len(body).to_bytes(8, "big")
    return bytes([_TEXT_FRAME]) + size + body[: len(body) // 2]
