"""A Starlette application whose one POST does nothing, served as the sandbox is."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def nothing(_request: Request) -> Response:
    return Response(b"{}", media_type="application/json")


async def main() -> None:
    app = Starlette(routes=[Route("/v1/orders", nothing, methods=["POST"])])
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
    )
    # With the protocol named asyncio turns Nagle's algorithm off, as it does for the sandbox's socket.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)  # connections may come before the server has started
    print(listening.getsockname()[1], flush=True)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


asyncio.run(main())
