"""Creating a strategy over HTTP: what is refused, what is shown, and to whom."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from sequence_markets.sandbox.strategies.limits import FREE, MIB

from .support import api, body, encoded

SECRET = "hunter2-battery-staple"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7) as running:
        yield running
        running.check_invariants()


@pytest.fixture
def key() -> str:
    return fresh_key()


@pytest.fixture
def http(sandbox: Sandbox, key: str) -> Iterator[httpx.Client]:
    with api(sandbox, key) as client:
        yield client


def test_what_is_public_is_shown_and_the_rest_never(http: httpx.Client, key: str) -> None:
    request = body(
        manifest={"strategy": {"name": "dip"}},
        placement={"mode": "auto"},
        risk={"max_loss_usd": 5},
        resources={"memory_mb": 256},
        env={"MODE": "paper"},
        secrets={"FEED_KEY": SECRET},
        sequence_api_key=key,
    )
    answer = http.post("/v1/strategies", json=request)
    assert answer.status_code == 200, answer.text
    row = answer.json()
    artifact = base64.b64decode(request["artifact_base64"])
    assert row["strategy_id"].startswith("strat_")
    expected: dict[str, object] = {
        "name": "dip",
        "runtime": "python",
        "entrypoint": "main.py",
        "desired_state": "stopped",
        "status": "created",
        "current_run_id": None,
        "artifact_bytes": len(artifact),
        "manifest": {"strategy": {"name": "dip"}},
        "placement": {"mode": "auto"},
        "risk": {"max_loss_usd": 5},
        "resources": {"cpu_millis": 250, "memory_mb": 256, "timeout_secs": 0},
        "env": {"MODE": "paper"},
        "secret_names": ["FEED_KEY"],
        "runs": [],
    }
    assert {name: row[name] for name in expected} == expected
    same = http.get(f"/v1/strategies/{row['strategy_id']}")
    listed = http.get("/v1/strategies")
    assert same.json() == row
    assert listed.json() == {"strategies": [row], "count": 1}
    for text in (answer.text, same.text, listed.text):
        assert SECRET not in text
        assert key not in text


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name"),
    ({"name": " "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"runtime": "rust"}, "runtime"),
    ({"entrypoint": ""}, "entrypoint"),
    ({"entrypoint": "other.py"}, "artifact_base64"),
    ({"entrypoint": "../main.py"}, "artifact_base64"),
    ({"artifact_base64": None}, "artifact_base64"),
    ({"artifact_base64": 5}, "artifact_base64"),
    ({"artifact_base64": "%%%"}, "artifact_base64"),
    ({"artifact_base64": "UEs="}, "artifact_base64"),
    ({"artifact_base64": encoded({"../x": "", "main.py": ""})}, "artifact_base64"),
    ({"start_immediately": "yes"}, "start_immediately"),
    ({"manifest": []}, "manifest"),
    ({"placement": "here"}, "placement"),
    ({"risk": {"x": "y" * 70_000}}, "risk"),
    ({"resources": 5}, "resources"),
    ({"resources": {"gpu": 1}}, "resources.gpu"),
    ({"resources": {"memory_mb": 0}}, "resources.memory_mb"),
    ({"resources": {"cpu_millis": True}}, "resources.cpu_millis"),
    ({"resources": {"timeout_secs": -1}}, "resources.timeout_secs"),
    ({"sequence_api_key": "sk_live_abc"}, "sequence_api_key"),
    ({"env": ["A"]}, "env"),
    ({"env": {"A B": "1"}}, "env.A B"),
    ({"env": {"A": 1}}, "env.A"),
    ({"env": {"A": "x\0y"}}, "env.A"),
    ({"env": {"SEQUENCE_API_KEY": "x"}}, "env.SEQUENCE_API_KEY"),
    ({"secrets": {"SEQUENCE_BASE_URL": "http://evil"}}, "secrets.SEQUENCE_BASE_URL"),
    ({"env": {f"A{n}": "" for n in range(65)}}, "env"),
    ({"env": {"A": "1"}, "secrets": {"A": SECRET}}, "secrets.A"),
    ({"secrets": {"A": SECRET + "\0"}}, "secrets.A"),
    ({"surprise": 1}, "surprise"),
]


@pytest.mark.parametrize(
    ("changed", "field"), WRONG, ids=[f"{field} {index}" for index, (_, field) in enumerate(WRONG)]
)
def test_a_wrong_field_is_named(http: httpx.Client, changed: dict[str, Any], field: str) -> None:
    answer = http.post("/v1/strategies", json=body(**changed))
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert [each["field"] for each in error["details"]] == [field]
    assert SECRET not in answer.text
    assert http.get("/v1/strategies").json()["count"] == 0


def test_everything_that_is_wrong_is_told_at_once(http: httpx.Client) -> None:
    answer = http.post("/v1/strategies", json={"runtime": "lua", "env": {"A": None}})
    fields = [each["field"] for each in answer.json()["error"]["details"]]
    assert fields == ["artifact_base64", "entrypoint", "env.A", "name", "runtime"]


@pytest.mark.parametrize(
    ("changed", "quota"),
    [
        ({"resources": {"cpu_millis": FREE.cpu_millis + 1}}, "cpu_millis"),
        ({"resources": {"memory_mb": FREE.memory_mb + 1}}, "memory_mb"),
        ({"artifact_base64": base64.b64encode(b"PK\x03\x04" + bytes(FREE.artifact_bytes)).decode()}, "artifact_bytes"),
    ],
)
def test_more_than_the_quota_is_forbidden(http: httpx.Client, changed: dict[str, Any], quota: str) -> None:
    answer = http.post("/v1/strategies", json=body(**changed))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert f"quota {quota}: " in answer.json()["error"]["message"]


def test_an_account_may_have_two_strategies_and_run_one(http: httpx.Client) -> None:
    first = http.post("/v1/strategies", json=body(start_immediately=True)).json()["strategy_id"]
    refused = http.post("/v1/strategies", json=body(start_immediately=True))
    assert (refused.status_code, refused.json()["error"]["message"]) == (403, "quota running: 1 allowed, 2 asked for")
    assert http.get("/v1/strategies").json()["count"] == 1, "what is refused is not kept"
    second = http.post("/v1/strategies", json=body()).json()["strategy_id"]
    assert http.post(f"/v1/strategies/{second}/start").status_code == 403
    third = http.post("/v1/strategies", json=body())
    assert (third.status_code, third.json()["error"]["message"]) == (403, "quota strategies: 2 allowed, 3 asked for")
    assert http.delete(f"/v1/strategies/{first}").status_code == 204
    assert http.post(f"/v1/strategies/{second}/start").json()["status"] == "starting"


def test_the_key_must_be_of_the_same_account(sandbox: Sandbox, http: httpx.Client, key: str) -> None:
    for other in (fresh_key(), key.replace("seq_test_", "seq_live_")):
        answer = http.post("/v1/strategies", json=body(sequence_api_key=other))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
        assert other not in answer.text
    assert http.post("/v1/strategies", json=body(sequence_api_key=key)).status_code == 200


def test_nobody_sees_or_touches_the_strategies_of_another_key(sandbox: Sandbox, http: httpx.Client, key: str) -> None:
    made = http.post("/v1/strategies", json=body()).json()["strategy_id"]
    for other in (fresh_key(), key.replace("seq_test_", "seq_live_")):
        with api(sandbox, other) as stranger:
            assert stranger.get("/v1/strategies").json() == {"strategies": [], "count": 0}
            for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/stop"), ("GET", "/logs"), ("DELETE", "")):
                assert stranger.request(method, f"/v1/strategies/{made}{path}").status_code == 404
    assert http.get(f"/v1/strategies/{made}").json()["status"] == "created"


@pytest.mark.parametrize("content", [b"", b"{}", b"null"])
def test_starting_and_stopping_take_any_empty_body(http: httpx.Client, content: bytes) -> None:
    made = http.post("/v1/strategies", json=body()).json()["strategy_id"]
    headers = {"Content-Type": "application/json"}
    for verb in ("start", "stop"):
        answer = http.post(f"/v1/strategies/{made}/{verb}", content=content, headers=headers)
        assert answer.status_code == 200, answer.text


def test_a_body_beyond_any_artifact_is_too_large(http: httpx.Client) -> None:
    answer = http.post("/v1/strategies", content=b" " * (24 * MIB + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_an_unknown_run_has_no_logs(http: httpx.Client) -> None:
    made = http.post("/v1/strategies", json=body()).json()["strategy_id"]
    empty = http.get(f"/v1/strategies/{made}/logs").json()
    assert empty == {"strategy_id": made, "run_id": None, "logs": [], "count": 0, "dropped": 0}
    assert http.get(f"/v1/strategies/{made}/logs?run_id=run_9").status_code == 404
    assert http.get(f"/v1/strategies/{made}/logs?run_id=").status_code == 400
