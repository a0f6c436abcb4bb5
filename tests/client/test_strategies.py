"""What the calls of hosted strategies send, and what they refuse before anything is sent."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequence_markets import OutcomeUnknownError, Sequence, SequenceError
from sequence_markets.client.artifacts import pack
from tests.client.answers import error
from tests.client.conftest import MakeClient, MakeServer
from tests.client.server import Received, Reply, Server

Pair = tuple[Sequence, Server]

STRATEGY = {"strategy_id": "strat_9c1e", "name": "dip", "status": "created", "new_field": 1}
SECRET = "hunter2-battery-staple"
TRADING_KEY = "seq_test_0123456789abcdef0123"


@pytest.fixture
def seq(serve: MakeServer, connect: MakeClient) -> Pair:
    def answer(request: Received) -> Reply:
        path = request.target.partition("?")[0]
        if request.method == "DELETE":
            return Reply(204)
        if path.endswith("/logs"):
            line = {"ts_ns": 5, "stream": "stdout", "message": "hello"}
            return Reply(body={"strategy_id": "s", "run_id": "run_1", "logs": [line]})
        if request.method == "GET" and path == "/v1/strategies":
            return Reply(body={"strategies": [STRATEGY], "count": 1})
        return Reply(body=STRATEGY)

    server = serve(answer)
    return connect(server), server


SENT: list[tuple[Callable[[Sequence], object], str, str, bytes]] = [
    (lambda s: s.strategies(), "GET", "/v1/strategies", b""),
    (lambda s: s.strategy("strat_a"), "GET", "/v1/strategies/strat_a", b""),
    (lambda s: s.strategy("a/b?c"), "GET", "/v1/strategies/a%2Fb%3Fc", b""),
    (lambda s: s.strategy_start("strat_a"), "POST", "/v1/strategies/strat_a/start", b"{}"),
    (lambda s: s.strategy_stop("strat_a"), "POST", "/v1/strategies/strat_a/stop", b"{}"),
    (lambda s: s.strategy_logs("strat_a"), "GET", "/v1/strategies/strat_a/logs", b""),
    (lambda s: s.strategy_logs("strat_a", "run 2"), "GET", "/v1/strategies/strat_a/logs?run_id=run%202", b""),
    (lambda s: s.strategy_delete("strat_a"), "DELETE", "/v1/strategies/strat_a", b""),
]


@pytest.mark.parametrize(("call", "method", "target", "body"), SENT, ids=[f"{each[1]} {each[2]}" for each in SENT])
def test_a_method_asks_its_endpoint(
    seq: Pair, call: Callable[[Sequence], object], method: str, target: str, body: bytes
) -> None:
    client, server = seq
    call(client)
    (received,) = server.received
    assert (received.method, received.target, received.body) == (method, target, body)


def test_answers_are_models(seq: Pair) -> None:
    client, _ = seq
    assert [row.strategy_id for row in client.strategies()] == ["strat_9c1e"]
    strategy = client.strategy("strat_9c1e")
    assert (strategy.name, strategy.status, strategy["new_field"], strategy.env) == ("dip", "created", 1, None)
    assert [line.message for line in client.strategy_logs("strat_9c1e")] == ["hello"]
    assert client.strategy_delete("strat_9c1e") is None  # type: ignore[func-returns-value]


def test_creating_sends_the_documented_fields(seq: Pair) -> None:
    client, server = seq
    client.create_strategy(
        "dip",
        "python",
        "main.py",
        base64.b64encode(b"PK").decode(),
        {"strategy": {"name": "dip"}},
        {"mode": "auto"},
        {"max_loss_usd": 5},
        {"memory_mb": 256},
        True,
        TRADING_KEY,
        {"MODE": "paper"},
        {"TOKEN": SECRET},
    )
    (received,) = server.received
    assert (received.method, received.target) == ("POST", "/v1/strategies")
    assert json.loads(received.body) == {
        "name": "dip",
        "runtime": "python",
        "entrypoint": "main.py",
        "artifact_base64": "UEs=",
        "start_immediately": True,
        "manifest": {"strategy": {"name": "dip"}},
        "placement": {"mode": "auto"},
        "risk": {"max_loss_usd": 5},
        "resources": {"memory_mb": 256},
        "sequence_api_key": TRADING_KEY,
        "env": {"MODE": "paper"},
        "secrets": {"TOKEN": SECRET},
    }


def test_what_is_left_out_is_not_sent(seq: Pair) -> None:
    client, server = seq
    client.create_strategy("dip", "python", "main.py", artifact=b"PK", env={}, secrets={})
    assert json.loads(server.received[0].body) == {
        "name": "dip",
        "runtime": "python",
        "entrypoint": "main.py",
        "artifact_base64": "UEs=",
        "start_immediately": False,
    }


def test_an_artifact_may_be_a_file_or_a_folder(seq: Pair, tmp_path: Path) -> None:
    client, server = seq
    project = tmp_path / "project"
    (project / "pkg" / "__pycache__").mkdir(parents=True)
    (project / "main.py").write_text("import pkg\n")
    (project / "pkg" / "__init__.py").write_text("")
    (project / "pkg" / "__pycache__" / "old.pyc").write_bytes(b"x")
    (project / ".env").write_text(SECRET)
    (tmp_path / "ready.zip").write_bytes(pack(project))
    for source in (project, str(tmp_path / "ready.zip")):
        client.create_strategy("dip", "python", "main.py", artifact=source)
    first, second = (json.loads(each.body)["artifact_base64"] for each in server.received)
    assert first == second
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(first))) as archive:
        assert archive.namelist() == ["main.py", "pkg/__init__.py"]


def test_a_folder_with_links_or_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file"):
        pack(tmp_path)
    os.symlink("/etc/hostname", tmp_path / "main.py")
    with pytest.raises(ValueError, match="links are not followed"):
        pack(tmp_path)


GOOD: dict[str, Any] = {"name": "dip", "runtime": "python", "entrypoint": "main.py", "artifact": b"PK"}

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"name": ""}, ValueError, "name"),
    ({"runtime": None}, TypeError, "runtime"),
    ({"entrypoint": 5}, TypeError, "entrypoint"),
    ({"artifact": None}, TypeError, "give the artifact once"),
    ({"artifact_base64": "UEs="}, TypeError, "give the artifact once"),
    ({"artifact": b""}, ValueError, "empty"),
    ({"artifact": 5}, TypeError, "artifact"),
    ({"artifact": None, "artifact_base64": "UEs"}, ValueError, "artifact_base64"),
    ({"artifact": None, "artifact_base64": "UE s="}, ValueError, "artifact_base64"),
    ({"artifact": None, "artifact_base64": "é"}, ValueError, "artifact_base64"),
    ({"artifact": None, "artifact_base64": ""}, ValueError, "empty"),
    ({"artifact": None, "artifact_base64": b"UEs="}, TypeError, "artifact_base64"),
    ({"start_immediately": 1}, TypeError, "start_immediately"),
    ({"manifest": []}, TypeError, "manifest"),
    ({"placement": {"a": {1}}}, TypeError, "placement"),
    ({"risk": {"a": float("nan")}}, ValueError, "risk"),
    ({"resources": "big"}, TypeError, "resources"),
    ({"sequence_api_key": ""}, ValueError, "sequence_api_key"),
    ({"env": {"A=B": "x"}}, ValueError, "environment variable"),
    ({"env": {"A": 1}}, TypeError, "env"),
    ({"env": {"": "1"}}, ValueError, "name in env"),
    ({"secrets": [SECRET]}, TypeError, "secrets"),
    ({"secrets": {"A": f"{SECRET}\0"}}, ValueError, "NUL"),
    ({"env": {"A": "1"}, "secrets": {"A": SECRET}}, ValueError, "both set A"),
]


@pytest.mark.parametrize(("changed", "kind", "words"), REFUSED, ids=[str(each[0])[:40] for each in REFUSED])
def test_what_can_never_be_right_is_refused_before_any_request(
    seq: Pair, changed: dict[str, Any], kind: type[Exception], words: str
) -> None:
    client, server = seq
    with pytest.raises(kind, match=words) as caught:
        client.create_strategy(**{**GOOD, **changed})
    assert SECRET not in str(caught.value)
    assert server.received == []


@pytest.mark.parametrize("strategy_id", ["", ".", ".."])
def test_an_id_that_is_no_part_of_a_path_is_refused(seq: Pair, strategy_id: str) -> None:
    client, server = seq
    for call in (client.strategy, client.strategy_start, client.strategy_stop, client.strategy_delete):
        with pytest.raises(ValueError, match="strategy_id"):
            call(strategy_id)
    assert server.received == []


LOST: list[tuple[Callable[[Sequence], object], str]] = [
    (lambda s: s.create_strategy(**GOOD), "strategies()"),
    (lambda s: s.strategy_start("strat_a"), "strategy('strat_a')"),
    (lambda s: s.strategy_stop("strat_a"), "strategy('strat_a')"),
    (lambda s: s.strategy_delete("strat_a"), "strategy('strat_a')"),
]


@pytest.mark.parametrize(("call", "lookup"), LOST)
def test_a_write_whose_answer_is_lost_is_not_repeated(
    serve: MakeServer, connect: MakeClient, call: Callable[[Sequence], object], lookup: str
) -> None:
    server = serve([Reply(cut=0), Reply(body=STRATEGY)])
    with pytest.raises(OutcomeUnknownError) as caught:
        call(connect(server))
    assert len(server.received) == 1
    assert lookup in str(caught.value)


def test_secrets_do_not_show_in_errors_even_when_the_server_echoes_them(serve: MakeServer, connect: MakeClient) -> None:
    message = f"bad {SECRET} and {TRADING_KEY}"
    server = serve([error(422, "VALIDATION_ERROR", message)])
    with pytest.raises(SequenceError) as caught:
        connect(server).create_strategy(**GOOD, sequence_api_key=TRADING_KEY, secrets={"TOKEN": SECRET})
    for text in (str(caught.value), repr(caught.value), caught.value.message):
        assert SECRET not in text
        assert TRADING_KEY not in text
