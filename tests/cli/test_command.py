"""The command: one line when ready, a clean stop on either signal, and one line for whatever is wrong."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from tests.cli.process import Served, environment, run
from tests.sandbox.server.http import NO_TLS

_SERVERS = {"starlette", "uvicorn", "httpx", "pydantic", "asyncio"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_told_to_stop(number: int) -> None:
    with Served("--seed", "7") as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{served.url}/v1/health/live", trust_env=False, verify=NO_TLS).status_code == 200
        with served.client() as client:
            # An idle kept-alive connection must not hold the stop back.
            assert client.get("/v1/account").status_code == 200
            assert served.stop(number) == (0, "", "")


def test_clock_seed_and_rate_limit_reach_the_exchange() -> None:
    with (
        Served("--seed", "11", "--clock", "paced", "--speed", "2.5", "--rate-limit", "1") as served,
        served.client() as client,
    ):
        status = client.get("/_sandbox/").json()
        assert (status["seed"], status["clock"]["mode"], status["clock"]["speed"]) == (11, "paced", 2.5)
        answers = [client.get("/v1/account").status_code for _ in range(3)]
        assert answers == [200, 200, 429]


def test_the_limit_of_a_page_of_markets_reaches_the_server() -> None:
    with Served("--market-page-cap", "3") as served, served.client() as client:
        assert client.get("/v1/markets?limit=500").json()["count"] == 3


def test_a_log_is_not_written_and_no_key_is_shown() -> None:
    with Served() as served, served.client("seq_live_SECRETKEY") as client:
        client.get("/v1/account")
        client.post("/v1/orders", content="{")
        client.put("/v1/credentials/kraken", json={"api_key": "SECRETKEY", "api_secret": "SECRETKEY"})
        code, out, errors = served.stop()
    assert (code, out, errors) == (0, "", "")


def test_another_address_is_allowed_with_a_warning() -> None:
    with Served("--host", "0.0.0.0") as served:
        assert httpx.get(f"{served.url}/v1/health/live", trust_env=False, verify=NO_TLS).status_code == 200
        code, _, errors = served.stop()
    assert code == 0
    assert errors.count("\n") == 1
    assert "warning: listening on 0.0.0.0" in errors


def test_a_taken_port() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("sandbox", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sequence-markets sandbox: error: port {port} on 127.0.0.1 is in use\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "70000"], "port"),
        (["--port", "x"], "--port"),
        (["--seed", "-1"], "seed"),
        (["--clock", "fast"], "--clock"),
        (["--clock", "paced", "--speed", "0"], "speed"),
        (["--speed", "2"], "--speed"),
        (["--rate-limit", "0"], "rate_limit"),
        (["--markets", "3"], "markets"),
        (["--market-page-cap", "0"], "market_page_cap"),
        (["--replay", "/nowhere/tape.gz"], "--replay"),
        (["--host", "nobody.invalid"], "--host"),
        (["--wrong"], "--wrong"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: list[str], named: str) -> None:
    done = run("sandbox", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1
    assert named in done.stderr


def test_a_file_that_is_no_tape_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    tape = tmp_path / "tape.gz"
    tape.write_bytes(b"not a tape")
    done = run("sandbox", "--port", "0", "--replay", str(tape))
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1
    assert "--replay" in done.stderr


def test_a_state_file_that_is_no_journal(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_bytes(b"x" * 4096)
    done = run("sandbox", "--port", "0", "--state", str(state))
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1
    assert "--state" in done.stderr
    assert state.read_bytes() == b"x" * 4096


def test_version_and_help() -> None:
    assert run("--version").stdout == f"sequence-markets {version('sequence-markets')}\n"
    text = run("--help").stdout
    assert "sandbox" in text
    assert "demo" in text
    help_of_sandbox = run("sandbox", "--help").stdout
    for option in (
        "--host",
        "--port",
        "--seed",
        "--clock",
        "--speed",
        "--replay",
        "--markets",
        "--state",
        "--rate-limit",
    ):
        assert option in help_of_sandbox


def test_without_a_command_it_says_how_and_fails() -> None:
    done = run()
    assert done.returncode == 2
    assert "sandbox" in done.stdout + done.stderr


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom sequence_markets.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"loaded = {_SERVERS!r} & set(sys.modules)\nassert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, timeout=30, env=environment())


def test_without_starlette_it_says_what_to_install() -> None:
    script = (
        "import sys\nsys.modules['starlette'] = None\nsys.modules['starlette.types'] = None\n"
        "from sequence_markets.cli import main\nsys.exit(main(['sandbox', '--port', '0']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=30, env=environment()
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install 'sequence-markets[sandbox]'" in done.stderr


def test_the_installed_script_is_the_module() -> None:
    script = Path(sys.executable).with_name("sequence-markets")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == run("--version").stdout
