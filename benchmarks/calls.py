"""A whole call over loopback: request, answer, model."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks import fetch, payloads
from benchmarks.measure import Target, paired
from benchmarks.process import Worker
from benchmarks.report import Row, Skipped

_CONNECTIONS = 32  # as many as the client opens by default


def measure(*, depth: int = 10, rounds: int = 60, times: int = 20, crowd: int = 1_000) -> Iterator[Row | Skipped]:
    """Yield the rows of synchronous and asynchronous calls."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        body = folder / "quote.json"
        body.write_bytes(payloads.encoded(payloads.quote(depth)))
        port = stack.enter_context(Worker("answering", str(body))).ready
        yield from _plain(f"http://127.0.0.1:{port}", port, depth, rounds, times)
        yield from _tls(folder, body, depth, rounds)
        yield from _asynchronous(f"http://127.0.0.1:{port}", depth, rounds, times, crowd)


def _plain(url: str, port: str, depth: int, rounds: int, times: int) -> Iterator[Row | Skipped]:
    name = f"`quote(depth={depth})`, warm, plain HTTP"
    with Worker("sync_quote", url, str(depth)) as ours:
        try:
            with Worker("sync_quote", url, str(depth), path=fetch.peer()) as peer:
                measured = paired(ours.timed, peer.timed, rounds=rounds, times=times)
                yield Row.of(name, f"published client {peer.ready}", measured, Target("<=", 0.9))
        except fetch.UnavailableError as error:
            yield Skipped(name, str(error))
        with Worker("bare_get", port, f"/v1/quote?symbol=BTC-USD&depth={depth}") as bare:
            measured = paired(ours.timed, bare.timed, rounds=rounds, times=times)
            yield Row.of("- the same call", "bare socket, bytes only", measured, None)


def _tls(folder: Path, body: Path, depth: int, rounds: int) -> Iterator[Row | Skipped]:
    name = f"`quote(depth={depth})`, warm, TLS"
    try:
        certificate, key = _certificate(folder)
        peer_path = fetch.peer()
    except (OSError, subprocess.SubprocessError, fetch.UnavailableError) as error:
        yield Skipped(name, str(error))
        return
    trusted = {"SSL_CERT_FILE": str(certificate)}
    with (
        Worker("answering", str(body), str(certificate), str(key)) as server,
        Worker("sync_quote", f"https://127.0.0.1:{server.ready}", str(depth), extra=trusted) as ours,
        Worker("sync_quote", f"https://127.0.0.1:{server.ready}", str(depth), path=peer_path, extra=trusted) as peer,
    ):
        measured = paired(ours.timed, peer.timed, rounds=rounds, times=3)
        yield Row.of(name, f"published client {peer.ready}", measured, Target("<=", 0.25))


def _asynchronous(url: str, depth: int, rounds: int, times: int, crowd: int) -> Iterator[Row | Skipped]:
    names = {1: f"`await quote(depth={depth})`, one", crowd: f"- {crowd:,} at once, {_CONNECTIONS} connections"}
    try:
        path = fetch.floor()
    except fetch.UnavailableError as error:
        yield from (Skipped(name, str(error)) for name in names.values())
        return
    for at_once, name in names.items():
        with (
            Worker("async_quote", url, str(depth), str(at_once)) as ours,
            Worker("async_bytes", f"{url}/v1/quote", str(at_once), str(_CONNECTIONS), path=path) as bare,
        ):
            number = rounds if at_once == 1 else max(3, rounds // 4)
            measured = paired(ours.timed, bare.timed, rounds=number, times=max(times, at_once))
            yield Row.of(name, f"bare aiohttp {bare.ready}, bytes only", measured, Target("<=", 2.0))


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        timeout=30,
        check=True,
    )
    return certificate, key
