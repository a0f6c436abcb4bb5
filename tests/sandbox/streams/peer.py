"""A bare WebSocket peer, so that what is tested is the wire and not our client."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from websockets.sync.client import ClientConnection, connect

from sequence_markets.sandbox import Sandbox

PATIENCE_S = 10.0


def key(letter: str = "a") -> str:
    return "seq_test_" + letter * 64


class Peer:
    """One open socket."""

    def __init__(
        self, sandbox: Sandbox, *, path: str = "/v1/stream", letter: str = "a", header: bool = True, query: str = ""
    ) -> None:
        headers = {"Authorization": f"Bearer {key(letter)}"} if header else None
        url = sandbox.url.replace("http", "ws", 1) + path + query
        self._stack = ExitStack()
        opening = connect(url, additional_headers=headers, compression=None, max_size=None)
        self.socket: ClientConnection = self._stack.enter_context(opening)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def send(self, message: object) -> None:
        self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def subscribe(self, *topics: str) -> dict[str, Any]:
        """Subscribe and return the acknowledgement."""
        self.send({"subscribe": list(topics)})
        return self.read()

    def text(self) -> str | bytes:
        return self.socket.recv(timeout=PATIENCE_S)

    def read(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.text())
        return message

    def settle(self) -> list[dict[str, Any]]:
        """Return every frame that was on its way: a question is answered after all of them."""
        self.send({"unsubscribe": ["nothing"]})
        frames: list[dict[str, Any]] = []
        while True:
            frame = self.read()
            if "unsubscribed" in frame:
                return frames
            frames.append(frame)
