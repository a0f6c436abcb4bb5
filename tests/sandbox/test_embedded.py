"""The sandbox as an object: its life, its controls, and what it says to bad arguments."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sequence_markets.errors import ClientClosedError, SequenceError
from sequence_markets.sandbox import ClockError, JournalError, Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from tests.sandbox.market.recordings import SPOT_BTC, recording
from tests.sandbox.server.http import NO_TLS, connect, order_body

_START = datetime(2026, 1, 5, tzinfo=UTC)


def sandbox_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("sequence-sandbox")}


class TestLife:
    """Starting, stopping, and leaving nothing behind."""

    def test_serves_between_start_and_stop(self) -> None:
        sandbox = Sandbox()
        assert not sandbox.running
        with sandbox as running:
            assert running is sandbox
            assert running.running
            url = running.url
            assert httpx.get(f"{url}/v1/health/live", trust_env=False, verify=NO_TLS).status_code == 200
        assert not sandbox.running
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/v1/health/live", trust_env=False, verify=NO_TLS)

    def test_leaves_no_thread_and_no_socket(self) -> None:
        assert sandbox_threads() == set()
        for clock in ("manual", "real", "paced"):
            sandbox = Sandbox(clock=clock).start()
            client = connect(sandbox)
            client.post("/v1/orders", json=order_body(limit_1e9=100 * 10**9))
            client.get("/_sandbox/")
            assert sandbox_threads()
            sandbox.stop()
            assert sandbox_threads() == set()
            client.close()
        # Sockets and files left open would warn when they are collected, and warnings are errors.
        gc.collect()

    def test_stops_while_connections_are_open(self) -> None:
        with Sandbox() as sandbox:
            host, port = sandbox.url.removeprefix("http://").split(":")
            idle = socket.create_connection((host, int(port)))
            half = socket.create_connection((host, int(port)))
            half.sendall(b"POST /v1/orders HTTP/1.1\r\nContent-Le")
            started = time.monotonic()
        assert time.monotonic() - started < 3
        for connection in (idle, half):
            connection.close()

    def test_stopping_twice_and_never_started_is_fine(self) -> None:
        sandbox = Sandbox()
        sandbox.stop()
        sandbox.start()
        sandbox.stop()
        sandbox.stop()

    def test_starts_again_from_the_beginning(self) -> None:
        sandbox = Sandbox(seed=4)
        with sandbox:
            sandbox.advance(seconds=5)
            first = sandbox.journal()[0]
        with sandbox:
            assert sandbox.now == _START
            assert sandbox.journal()[0] == first

    def test_starting_twice_is_refused(self) -> None:
        with Sandbox() as sandbox, pytest.raises(RuntimeError, match="running already"):
            sandbox.start()

    def test_a_stopped_one_says_so(self) -> None:
        with pytest.raises(RuntimeError, match="not running"):
            _ = Sandbox().url
        assert "stopped" in repr(Sandbox())

    def test_a_fixed_port(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        for _ in range(2):
            with Sandbox(port=port) as sandbox:
                assert sandbox.url == f"http://127.0.0.1:{port}"
                with connect(sandbox) as client:
                    client.get("/v1/account")

    def test_a_taken_port_is_refused_and_leaves_the_state_file_alone(self, tmp_path: Path) -> None:
        with Sandbox() as first:
            port = int(first.url.rpartition(":")[2])
            second = Sandbox(port=port, state=tmp_path / "state.db")
            with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is in use"):
                second.start()
        assert list(tmp_path.iterdir()) == []
        with second:
            assert second.running

    def test_ipv6(self) -> None:
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError:
                pytest.skip("no IPv6 on this machine")
        with Sandbox(host="::1") as sandbox:
            assert sandbox.url.startswith("http://[::1]:")
            assert httpx.get(f"{sandbox.url}/_sandbox/clock", trust_env=False, verify=NO_TLS).status_code == 200

    def test_many_side_by_side(self) -> None:
        with Sandbox(seed=1) as one, Sandbox(seed=1) as two:
            one.advance(seconds=1)
            assert (one.now, two.now) == (_START + timedelta(seconds=1), _START)

    def test_does_not_keep_its_program_alive(self) -> None:
        script = "from sequence_markets.sandbox import Sandbox\nSandbox(clock='real').start()\n"
        done = subprocess.run([sys.executable, "-c", script], timeout=20, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_needs_starlette_and_says_so(self) -> None:
        script = (
            "import sys\nsys.modules['uvicorn'] = None\n"
            "import sequence_markets.sandbox\nfrom sequence_markets.sandbox import Sandbox\n"
        )
        done = subprocess.run([sys.executable, "-c", script], timeout=20, capture_output=True, text=True, check=False)
        assert "ImportError: the sandbox needs uvicorn" in done.stderr
        assert "pip install 'sequence-markets[sandbox]'" in done.stderr

    def test_a_state_file_is_continued(self, tmp_path: Path) -> None:
        state = tmp_path / "state.db"
        with Sandbox(seed=8, state=state) as sandbox:
            sandbox.set_book("BTC-USD", "kraken", bids=[("90000", "1.5")], asks=[("90010", "0.3")])
            with connect(sandbox, "seq_test_state") as client:
                client.post("/v1/orders", json=order_body())
            sandbox.advance(seconds=3)
            digest, positions = sandbox.journal_digest(), _positions(sandbox)
        with Sandbox(state=state) as sandbox:
            assert sandbox.journal_digest() == digest
            assert sandbox.now == _START + timedelta(seconds=3)
            assert _positions(sandbox) == positions
            sandbox.check_invariants()

    def test_a_refused_state_file_is_let_go_of(self, tmp_path: Path) -> None:
        state = tmp_path / "state.db"
        with Sandbox(seed=1, state=state):
            pass
        with pytest.raises(JournalError, match="seed") as refused:
            Sandbox(seed=2, state=state).start()
        with Sandbox(state=state) as sandbox:
            sandbox.check_invariants()
        # Until here the error holds on to whatever the failed start had opened.
        assert refused.value


def _positions(sandbox: Sandbox) -> object:
    with connect(sandbox, "seq_test_state") as client:
        return client.get("/v1/positions").json()


class TestControls:
    """Scripting, time and starting again."""

    @pytest.mark.parametrize("number", [str, Decimal, float])
    def test_a_book_is_set_exactly_in_any_number_type(self, number: Callable[[str], Any]) -> None:
        with Sandbox() as sandbox, connect(sandbox) as client:
            sandbox.set_book("BTC-USD", "kraken", bids=[(number("90000.25"), number("1.5"))], asks=[(100_000, 2)])
            book = client.get("/v1/quotes/BTC-USD").json()["book"]
        assert book["bids"] == [{"price": 90000.25, "size": 1.5, "venue": "kraken"}]
        assert book["asks"] == [{"price": 100000.0, "size": 2.0, "venue": "kraken"}]

    def test_levels_come_in_any_order(self) -> None:
        with Sandbox() as sandbox, connect(sandbox) as client:
            sandbox.set_book("BTC-USD", "kraken", bids=[(1, 1), (3, 1), (2, 1)], asks=iter([(6, 1), (5, 1)]))
            book = client.get("/v1/quotes/BTC-USD").json()["book"]
        assert [level["price"] for level in book["bids"]] == [3.0, 2.0, 1.0]
        assert [level["price"] for level in book["asks"]] == [5.0, 6.0]

    def test_a_trade_fills_what_rests(self) -> None:
        with Sandbox() as sandbox, connect(sandbox) as client:
            sandbox.set_book("BTC-USD", "kraken", bids=[(90000, 1)], asks=[(90010, 1)])
            client.post("/v1/orders", json=order_body(limit_1e9=90_005 * 10**9, venue="kraken"))
            sandbox.trade("BTC-USD", "kraken", "sell", "90005", "0.5")
            sandbox.advance(seconds=1)
            (order,) = client.get("/v1/orders").json()["orders"]
            assert order["status"] == "FILLED"
            sandbox.check_invariants()

    def test_time(self) -> None:
        with Sandbox() as sandbox:
            assert sandbox.now == _START
            moved = sandbox.advance(seconds="1.5")
            assert (moved.to_ns - moved.from_ns, sandbox.now_ns) == (1_500_000_000, moved.to_ns)
            sandbox.advance(milliseconds=Decimal("0.5"))
            sandbox.advance(ns=500_000)
            assert sandbox.now == _START + timedelta(seconds=1.501)
            sandbox.advance(to=_START + timedelta(days=1))
            assert sandbox.now == _START + timedelta(days=1)

    def test_the_same_script_gives_the_same_journal(self) -> None:
        assert len({self._script(seed) for seed in (7, 7)}) == 1
        assert self._script(7) != self._script(8)

    def _script(self, seed: int) -> str:
        with Sandbox(seed=seed) as sandbox, connect(sandbox, "seq_test_same") as client:
            client.post("/v1/orders", json=order_body())
            sandbox.advance(seconds=2)
            client.post("/v1/orders", json=order_body(limit_1e9=1000 * 10**9))
            sandbox.advance(seconds=2)
            return sandbox.journal_digest()

    def test_reset_begins_again(self) -> None:
        with Sandbox() as sandbox, connect(sandbox) as client:
            genesis = sandbox.journal_digest()
            sandbox.set_price("BTC-USD", "12345")
            client.post("/v1/orders", json=order_body())
            sandbox.advance(seconds=5)
            sandbox.reset()
            assert (sandbox.journal_digest(), sandbox.now) == (genesis, _START)
            assert client.get("/v1/orders").json()["total"] == 0
            assert client.get("/v1/quotes/BTC-USD").json()["nbbo"]["mid"] != 12345.0

    def test_the_journal_from_a_record_on(self) -> None:
        with Sandbox() as sandbox, connect(sandbox) as client:
            client.post("/v1/orders", json=order_body())
            journal = sandbox.journal()
            assert len(journal) > 2
            assert sandbox.journal(2) == journal[2:]

    def test_commands_from_many_threads_are_one_after_another(self) -> None:
        with Sandbox() as sandbox:

            def trade() -> None:
                with connect(sandbox, "seq_test_shared") as client:
                    for _ in range(15):
                        assert client.post("/v1/orders", json=order_body()).status_code == 200

            def move() -> None:
                for _ in range(30):
                    sandbox.advance(milliseconds=10)

            threads = [threading.Thread(target=target) for target in (trade, trade, move)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with connect(sandbox, "seq_test_shared") as client:
                assert client.get("/v1/orders").json()["total"] == 30
            sandbox.check_invariants()

    def test_liveness_answers_while_time_is_being_moved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        entered, go_on = threading.Event(), threading.Event()
        with Sandbox() as sandbox:
            from sequence_markets.sandbox.exchange import Exchange

            plain = Exchange.advance_to

            def slow(exchange: Exchange, t_ns: int, *, durable: bool = True) -> object:
                entered.set()
                assert go_on.wait(10)
                return plain(exchange, t_ns, durable=durable)

            monkeypatch.setattr(Exchange, "advance_to", slow)
            mover = threading.Thread(target=lambda: sandbox.advance(seconds=1))
            mover.start()
            assert entered.wait(10)
            assert httpx.get(f"{sandbox.url}/v1/health/live", trust_env=False, verify=NO_TLS).status_code == 200
            answers: list[int] = []

            def ask() -> None:
                with connect(sandbox) as client:
                    answers.append(client.get("/v1/account").status_code)

            asker = threading.Thread(target=ask)
            asker.start()
            assert httpx.get(f"{sandbox.url}/v1/health/live", trust_env=False, verify=NO_TLS).status_code == 200
            go_on.set()
            mover.join()
            asker.join()
            assert answers == [200]


class TestClients:
    """The SDK's clients, made by the sandbox."""

    def test_each_client_is_an_account_of_its_own_and_ends_with_the_sandbox(self) -> None:
        with Sandbox() as sandbox:
            one, two = sandbox.client(), sandbox.client(timeout=5.0)
            assert one.health()
            one.buy("BTC-USD", "0.01")
            assert (one.orders().total, two.orders().total) == (1, 0)
            assert one.account().client_id != two.account().client_id
        for client in (one, two):
            with pytest.raises(ClientClosedError):
                client.orders()

    def test_a_key_may_be_chosen(self) -> None:
        with Sandbox() as sandbox:
            key = fresh_key()
            assert (len(key), key[:9]) == (9 + 64, "seq_test_")
            one, two = sandbox.client(api_key=key), sandbox.client(api_key=key)
            assert one.account().client_id == two.account().client_id

    def test_the_asynchronous_client(self) -> None:
        async def trade(sandbox: Sandbox) -> str:
            async with sandbox.async_client() as client:
                submitted = await client.buy("BTC-USD", "0.01")
                return (await client.order(f"graph:{submitted.graph_id}:order:1")).status

        with Sandbox() as sandbox:
            assert asyncio.run(trade(sandbox)) == "FILLED"

    def test_an_error_reaches_the_client_whole(self) -> None:
        with Sandbox() as sandbox:
            with pytest.raises(SequenceError) as caught:
                sandbox.client().order("graph:graph_x:order:1")
            assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")

    def test_the_limiter_and_the_clients_retries_get_along(self) -> None:
        with Sandbox(rate_limit=50) as sandbox:
            client = sandbox.client(max_retries=5)
            for _ in range(120):
                client.risk_limits()


class TestTapes:
    """Replaying recorded data."""

    def test_a_tape_sets_time_and_venues(self) -> None:
        with Sandbox(replay=recording(SPOT_BTC)) as sandbox, connect(sandbox) as client:
            assert sandbox.now.date().isoformat() == "2024-08-08"
            sandbox.advance(seconds=10)
            venues = client.get("/v1/quotes/BTC-USDT").json()["venues"]
            assert venues["binance"]["origin"] == "recorded"
            assert {row["origin"] for name, row in venues.items() if name != "binance"} == {"derived"}
            status = client.get("/_sandbox/").json()
            assert "recorded" in str(status["market"])
            assert "derived" in str(status["market"])
            client.post("/v1/orders", json=order_body("BTC-USDT"))
            assert client.get("/v1/orders").json()["orders"][0]["status"] == "FILLED"
            sandbox.check_invariants()


class TestRunningClocks:
    """Real and paced time move by themselves, and due events happen while nobody calls."""

    def test_real_time_begins_now_and_moves(self) -> None:
        before = time.time_ns()
        with Sandbox(clock="real") as sandbox:
            first = sandbox.now_ns
            assert before <= first <= time.time_ns()
            assert sandbox.now_ns > first
            with pytest.raises(ClockError, match="only a manual clock can be advanced; this one is real"):
                sandbox.advance(seconds=1)
            sandbox.reset()
            assert sandbox.now_ns >= first

    def test_a_due_event_happens_by_itself(self) -> None:
        with Sandbox(clock="paced", speed=1000) as sandbox, connect(sandbox) as client:
            sandbox.set_book("BTC-USD", "kraken", bids=[(90000, 1)], asks=[(90010, 1)])
            body = order_body(limit_1e9=100 * 10**9)
            nodes: Any = body["nodes"]
            nodes[0]["execution"] = {"horizon_ms": 60_000}
            client.post("/v1/orders", json=body)
            records = len(sandbox.journal())
            deadline = time.monotonic() + 10
            # Any call lets time catch up; looked at from behind, only the clock's own thread can have done it.
            runtime = sandbox._live().runtime
            while len(runtime._exchange.journal) == records and time.monotonic() < deadline:
                time.sleep(0.005)
            assert len(runtime._exchange.journal) > records
            assert client.get("/v1/orders").json()["orders"][0]["status"] == "CANCELLED"

    def test_the_thread_sleeps_when_nothing_is_due(self) -> None:
        with Sandbox(clock="real"):
            driver = next(thread for thread in threading.enumerate() if thread.name == "sequence-sandbox-clock")
            assert driver.native_id is not None
            path = Path(f"/proc/self/task/{driver.native_id}/stat")
            if not path.exists():
                pytest.skip("needs /proc")
            before = path.read_text().rpartition(")")[2].split()[11:13]
            time.sleep(0.3)
            assert path.read_text().rpartition(")")[2].split()[11:13] == before


class TestArguments:
    """Bad arguments are named before anything happens."""

    @pytest.mark.parametrize(
        ("options", "error", "named"),
        [
            ({"seed": -1}, ValueError, "seed"),
            ({"seed": True}, TypeError, "seed"),
            ({"seed": "7"}, TypeError, "seed"),
            ({"seed": 2**63}, ValueError, "seed"),
            ({"clock": "fast"}, ValueError, "clock"),
            ({"clock": None}, TypeError, "clock"),
            ({"port": 65536}, ValueError, "port"),
            ({"port": "1"}, TypeError, "port"),
            ({"host": ""}, ValueError, "host"),
            ({"host": 5}, TypeError, "host"),
            ({"replay": 5}, TypeError, "replay"),
            ({"replay": [5]}, TypeError, r"replay\[0\]"),
            ({"state": 5}, TypeError, "state"),
            ({"rate_limit": 0}, ValueError, "rate_limit"),
            ({"rate_limit": 1.5}, TypeError, "rate_limit"),
            ({"speed": 0}, ValueError, "speed"),
            ({"speed": "x"}, ValueError, "speed"),
            ({"sped": 1}, TypeError, "sped"),
        ],
    )
    def test_of_the_constructor(self, options: dict[str, Any], error: type[Exception], named: str) -> None:
        with pytest.raises(error, match=named):
            Sandbox(**options)

    def test_of_the_controls(self) -> None:
        cases: list[tuple[Callable[[Any], object], type[Exception], str]] = [
            (lambda s: s.set_book(5, "kraken"), TypeError, "symbol"),
            (lambda s: s.set_book("", "kraken"), ValueError, "symbol"),
            (lambda s: s.set_book("BTC-USD", "nasdaq"), ValueError, "venue"),
            (lambda s: s.set_book("BTC-USD", 5), TypeError, "venue"),
            (lambda s: s.set_book("not a symbol", "kraken", bids=[(1, 1)]), ValueError, "symbol"),
            (lambda s: s.set_book("BTC-USD", "kraken", bids="90000"), TypeError, "bids"),
            (lambda s: s.set_book("BTC-USD", "kraken", bids=5), TypeError, "bids"),
            (lambda s: s.set_book("BTC-USD", "kraken", asks=["90"]), TypeError, r"asks\[0\]"),
            (lambda s: s.set_book("BTC-USD", "kraken", asks=[(1, 1), (2, -1)]), ValueError, r"asks\[1\] size"),
            (lambda s: s.set_book("BTC-USD", "kraken", bids=[(float("nan"), 1)]), ValueError, r"bids\[0\] price"),
            (lambda s: s.set_book("BTC-USD", "kraken", bids=[("0.0000000001", 1)]), ValueError, r"bids\[0\] price"),
            (lambda s: s.set_book("BTC-USD", "kraken", bids=[(1, 1), ("1.0", 2)]), ValueError, "twice"),
            (lambda s: s.set_book("BTC-USD", "kraken", bids=[(2, 1)], asks=[(2, 1)]), ValueError, "cross"),
            (lambda s: s.set_price("BTC-USD", 0), ValueError, "price"),
            (lambda s: s.set_price("BTC-USD", None), TypeError, "price"),
            (lambda s: s.set_price("BTC-USD", 1, venues="kraken"), TypeError, "venues"),
            (lambda s: s.set_price("BTC-USD", 1, venues=["x"]), ValueError, r"venues\[0\]"),
            (lambda s: s.trade("BTC-USD", "kraken", "BUY", 1, 1), ValueError, "side"),
            (lambda s: s.trade("BTC-USD", "kraken", "buy", 1, 0), ValueError, "qty"),
            (lambda s: s.trade("BTC-USD", "kraken", "buy", [], 1), TypeError, "price"),
            (lambda s: s.advance(), ValueError, "exactly one of seconds, milliseconds, ns and to; got none"),
            (lambda s: s.advance(seconds=1, ns=1), ValueError, "got seconds, ns"),
            (lambda s: s.advance(seconds=-1), ValueError, "seconds"),
            (lambda s: s.advance(ns=1.0), TypeError, "ns"),
            (lambda s: s.advance(ns=-1), ValueError, "ns"),
            (lambda s: s.advance(to="2027"), TypeError, "to"),
            (lambda s: s.advance(to=datetime(2027, 1, 1)), ValueError, "time zone"),  # noqa: DTZ001
            (lambda s: s.advance(to=_START - timedelta(seconds=1)), ValueError, "backwards"),
        ]
        with Sandbox() as sandbox:
            digest = sandbox.journal_digest()
            for call, error, named in cases:
                with pytest.raises(error, match=named):
                    call(sandbox)
            assert (sandbox.journal_digest(), sandbox.now) == (digest, _START)
