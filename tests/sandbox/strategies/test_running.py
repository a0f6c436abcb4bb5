"""Strategies whose code is really run: what they can do, what they cannot, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequence_markets import AuthenticationError, ConflictError, Sequence, Strategy
from sequence_markets.sandbox import Sandbox
from sequence_markets.sandbox.embedded import fresh_key
from sequence_markets.sandbox.strategies import survey

from .support import ended, only_run, project, run, until, written

pytestmark = pytest.mark.skipif(os.name != "posix", reason="strategies are run on POSIX systems only")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the processes of others are doing")

SECRET = "hunter2-battery-staple"


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Sandbox(seed=7, run_strategies=True) as running:
        running.set_book("BTC-USD", "kraken", bids=[("90000", "5")], asks=[("90010", "5")])
        yield running
        running.check_invariants()
    assert list(tmp_path.iterdir()) == [], "every run clears its folder away"
    assert not [thread for thread in threading.enumerate() if thread.name == "sequence-sandbox-strategies"]


@pytest.fixture
def seq(sandbox: Sandbox) -> Sequence:
    return sandbox.client()


def says(seq: Sequence, strategy: Strategy, words: str) -> list[str]:
    """Wait until a line with these words has been written."""
    return until(lambda: written(seq, strategy), lambda lines: any(words in line for line in lines))


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def test_a_program_trades_with_a_key_of_its_own(sandbox: Sandbox, seq: Sequence) -> None:
    strategy = run(
        seq,
        "import os, sequence_markets\n"
        "seq = sequence_markets.Sequence()\n"
        "graph = seq.buy('BTC-USD', '0.25')\n"
        "print(seq.order(f'graph:{graph.graph_id}:order:1').status, os.environ['SEQUENCE_API_KEY'][:9])\n",
    )
    last = ended(seq, strategy)
    done = only_run(last)
    assert (last.status, done.executed, done.exit_code, done.reason) == ("exited", True, 0, "it ended by itself")
    assert written(seq, strategy) == ["FILLED seq_test_"]
    (fill,) = seq.fills()
    assert (fill.side, str(fill.qty)) == ("BUY", "0.25000000")


def test_a_program_hears_the_fills_of_its_account(seq: Sequence) -> None:
    strategy = run(
        seq,
        "from sequence_markets import Sequence\n"
        "with Sequence() as seq, seq.stream(['fills'], lifecycle=True) as stream:\n"
        "    for item in stream:\n"
        "        print(type(item.data).__name__, getattr(item.data, 'side', ''), flush=True)\n"
        "        if item.channel == 'fills' and hasattr(item.data, 'fill_id'): break\n",
    )
    says(seq, strategy, "Connected")
    seq.buy("BTC-USD", "0.5")
    assert ended(seq, strategy).status == "exited"
    assert written(seq, strategy)[-1] == "Fill BUY"


def test_its_environment_is_its_own(seq: Sequence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "x")
    strategy = run(
        seq,
        "import os\n"
        "for name in sorted(os.environ): print(name)\n"
        "print('dir', sorted(os.listdir('.')), os.getcwd() == os.path.dirname(os.path.abspath(__file__)))\n"
        "print('mode', os.environ['MODE'], os.environ['SEQUENCE_BASE_URL'].startswith('http://127.0.0.1:'))\n"
        "import pkg.inner\n",
        env={"MODE": "paper"},
        secrets={"TOKEN": SECRET},
    )
    ended(seq, strategy)
    lines = written(seq, strategy)
    names = set(lines[: next(index for index, line in enumerate(lines) if line.startswith("dir"))])
    assert "LEAKED" not in names
    assert {"MODE", "TOKEN", "SEQUENCE_API_KEY", "SEQUENCE_RUN_ID", "SEQUENCE_STRATEGY_ID", "HOME", "PATH"} <= names
    assert "dir ['main.py'] True" in lines
    assert "mode paper True" in lines
    assert lines[-1] == "ModuleNotFoundError: No module named 'pkg'"


def test_the_entrypoint_may_lie_in_a_folder_and_import_from_the_top(seq: Sequence) -> None:
    program = "import helper\nimport beside\n"
    files = {"app/start.py": program, "app/beside.py": "print('beside')\n", "helper.py": "print('top')\n"}
    artifact = project("", **files)
    strategy = seq.create_strategy("test", "python", "app/start.py", artifact=artifact, start_immediately=True)
    assert ended(seq, strategy).status == "exited"
    assert written(seq, strategy) == ["top", "beside"]


def test_a_failure_is_told_with_its_traceback(seq: Sequence) -> None:
    strategy = run(seq, "import sys\nprint('so far')\nraise RuntimeError('no further')\n")
    last = ended(seq, strategy)
    done = only_run(last)
    assert (last.status, done.exit_code, done.reason) == ("failed", 1, "it ended with exit code 1")
    logs = seq.strategy_logs(strategy.strategy_id)
    assert {(line.stream, line.message) for line in logs} >= {
        ("stdout", "so far"),
        ("stderr", "RuntimeError: no further"),
    }


def test_a_program_may_tidy_up_when_it_is_stopped(seq: Sequence) -> None:
    strategy = run(
        seq,
        "import signal, sys, time\n"
        "from sequence_markets import Sequence\n"
        "seq = Sequence()\n"
        "graph = seq.buy('BTC-USD', 1, limit_price=100, venue='kraken')\n"
        "def leave(*_):\n"
        "    seq.cancel(graph.graph_id)\n"
        "    print('cancelled')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('ready')\n"
        "while True: time.sleep(1)\n",
    )
    says(seq, strategy, "ready")
    assert seq.strategy(strategy.strategy_id).status == "running"
    assert seq.strategy_stop(strategy.strategy_id).status == "stopping"
    last = ended(seq, strategy)
    done = only_run(last)
    assert (last.status, last.desired_state, done.reason) == ("stopped", "stopped", "it was stopped on request")
    assert written(seq, strategy)[-1] == "cancelled"
    assert seq.orders().orders[0].status == "CANCELLED"


def test_it_can_be_started_again_and_each_run_keeps_its_own_log(seq: Sequence) -> None:
    strategy = run(seq, "import os\nprint(os.environ['SEQUENCE_RUN_ID'])\n")
    ended(seq, strategy)
    seq.strategy_start(strategy.strategy_id)
    last = ended(seq, strategy)
    assert [each.status for each in last.runs or ()] == ["exited", "exited"]
    for run_id in ("run_1", "run_2"):
        assert [line.message for line in seq.strategy_logs(strategy.strategy_id, run_id)] == [run_id]


def test_its_children_are_asked_to_leave_as_well(seq: Sequence) -> None:
    strategy = run(
        seq,
        "import os, signal, sys, time\n"
        "child = os.fork()\n"
        "def leave(*_):\n"
        "    os.write(1, b'leaving child\\n' if child == 0 else b'leaving parent\\n')\n"
        "    if child: os.waitpid(child, 0)\n"
        "    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "os.write(1, b'ready\\n')\n"
        "while True: time.sleep(1)\n",
    )
    until(lambda: written(seq, strategy).count("ready"), lambda count: count == 2)
    seq.strategy_stop(strategy.strategy_id)
    assert ended(seq, strategy).status == "stopped"
    assert {"leaving child", "leaving parent"} <= set(written(seq, strategy))


STUBBORN = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "children = []\n"
    "for escape in (False, True):\n"
    "    child = os.fork()\n"
    "    if child == 0:\n"
    "        if escape: os.setsid()\n"
    "        while True: time.sleep(1)\n"
    "    children.append(child)\n"
    "print('pids', os.getpid(), *children, flush=True)\n"
    "while True: time.sleep(1)\n"
)


@linux
@pytest.mark.parametrize("how", ["stop", "delete", "end"])
def test_nothing_of_it_stays_behind(sandbox: Sandbox, seq: Sequence, how: str) -> None:
    strategy = run(seq, STUBBORN)
    line = next(each for each in says(seq, strategy, "pids") if "pids" in each)
    pids = [int(each) for each in line.split()[1:]]
    assert all(map(alive, pids))
    if how == "stop":
        seq.strategy_stop(strategy.strategy_id)
        assert ended(seq, strategy).status == "stopped"
    elif how == "delete":
        seq.strategy_delete(strategy.strategy_id)
        until(lambda: [pid for pid in pids if alive(pid)], lambda left: not left)
    else:
        sandbox.stop()
    assert not [pid for pid in pids if alive(pid)]
    assert survey.of_session(pids[0]) == survey.Usage(0, 0)
    if how == "end":
        sandbox.start()


def test_an_endless_loop_is_ended_within_its_processor_time_and_stalls_nobody(seq: Sequence) -> None:
    # Half a processor for two seconds is one second of processor time.
    began = time.monotonic()
    strategy = run(seq, "while True: pass\n", resources={"cpu_millis": 500, "timeout_secs": 2})
    slowest = 0.0
    while seq.strategy(strategy.strategy_id).status in ("starting", "running"):
        asked = time.monotonic()
        seq.quote("BTC-USD")
        slowest = max(slowest, time.monotonic() - asked)
        assert time.monotonic() - began < 30
    done = only_run(seq.strategy(strategy.strategy_id))
    # On a busy machine two seconds may be over before one of them was spent.
    assert done.status == "failed"
    assert done.reason in ("it used up its 1 s of processor time", "it ran for longer than 2 s")
    assert slowest < 2


def test_who_ignores_the_end_of_its_processor_time_is_ended_all_the_same(seq: Sequence) -> None:
    program = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass\n"
    strategy = run(seq, program, resources={"cpu_millis": 100, "timeout_secs": 10})
    done = only_run(ended(seq, strategy))
    assert (done.status, done.exit_code, done.reason) == ("failed", -9, "it was ended by signal SIGKILL")


def test_a_program_that_waits_is_ended_when_its_time_is_over(seq: Sequence) -> None:
    strategy = run(seq, "import time\nwhile True: time.sleep(1)\n", resources={"timeout_secs": 1})
    done = only_run(ended(seq, strategy))
    assert (done.status, done.reason) == ("failed", "it ran for longer than 1 s")


def test_memory_beyond_the_limit_is_not_to_be_had(seq: Sequence) -> None:
    program = "held = []\nwhile True: held.append(bytearray(8 << 20))\n"
    strategy = run(seq, program, resources={"memory_mb": 128})
    done = only_run(ended(seq, strategy))
    assert done.status == "failed"
    assert done.reason == "it used more than 128 MiB of memory" or "MemoryError" in written(seq, strategy)[-1]


def test_more_memory_than_the_limit_cannot_even_be_reserved(seq: Sequence) -> None:
    program = "try: bytearray(400 << 20)\nexcept MemoryError: print('refused')\nelse: print('granted')\n"
    strategy = run(seq, program, resources={"memory_mb": 256})
    ended(seq, strategy)
    assert written(seq, strategy) == ["refused"]


@linux
def test_many_processes_together_are_held_to_the_memory_of_one(seq: Sequence) -> None:
    program = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        held = bytearray(50 << 20)\n"
        "        held[::4096] = b'x' * len(held[::4096])\n"
        "        time.sleep(60)\n"
        "time.sleep(60)\n"
    )
    strategy = run(seq, program, resources={"memory_mb": 128})
    done = only_run(ended(seq, strategy))
    assert (done.status, done.reason) == ("failed", "it used more than 128 MiB of memory")


@linux
def test_a_fork_bomb_is_put_out(seq: Sequence) -> None:
    program = (
        "import os, time\nfor _ in range(40):\n    if os.fork() == 0: time.sleep(60); os._exit(0)\ntime.sleep(60)\n"
    )
    strategy = run(seq, program)
    done = only_run(ended(seq, strategy))
    assert (done.status, done.reason) == ("failed", "it had more than 16 processes")


def test_a_flood_of_output_is_bounded_and_stalls_nobody(seq: Sequence) -> None:
    program = "import sys\nflood = 'flood\\n' * 10_000\nwhile True: sys.stdout.write(flood)\n"
    began = time.monotonic()
    strategy = run(seq, program, resources={"timeout_secs": 2, "cpu_millis": 500})
    slowest = 0.0
    while seq.strategy(strategy.strategy_id).status in ("starting", "running"):
        asked = time.monotonic()
        seq.quote("BTC-USD")
        slowest = max(slowest, time.monotonic() - asked)
    lasted = time.monotonic() - began
    logs = seq.strategy_logs(strategy.strategy_id)
    assert logs.count == 2_000
    assert (logs.dropped or 0) > 10_000
    # Twenty times a second 64 KiB are taken from the pipe, and a MiB at the end.
    assert (2_000 + (logs.dropped or 0)) * len("flood\n") < (lasted * 20 / 16 + 2) * (1 << 20)
    assert slowest < 2


def test_what_is_written_just_before_the_end_is_kept(seq: Sequence) -> None:
    program = "import os\nfor n in range(1500): print(n)\nprint('last words', end='', flush=True)\nos._exit(3)\n"
    strategy = run(seq, program)
    done = only_run(ended(seq, strategy))
    assert (done.status, done.exit_code) == ("failed", 3)
    assert written(seq, strategy) == [*map(str, range(1500)), "last words"]


def test_closing_its_output_does_not_end_it(seq: Sequence) -> None:
    program = "import os, time\nprint('closing', flush=True)\nos.close(1); os.close(2)\ntime.sleep(0.3)\nos._exit(7)\n"
    done = only_run(ended(seq, run(seq, program)))
    assert done.exit_code == 7


def test_a_lent_key_is_worth_nothing_after_the_run(sandbox: Sandbox, seq: Sequence) -> None:
    program = "import os\nprint('x'.join(os.environ['SEQUENCE_API_KEY']))\n"
    strategy = run(seq, program)
    ended(seq, strategy)
    key = written(seq, strategy)[0].replace("xx", "?").replace("x", "").replace("?", "x")
    assert key.startswith("seq_test_")
    with sandbox.client(api_key=key) as thief, pytest.raises(AuthenticationError, match="revoked"):
        thief.account()


def test_a_given_key_is_used_and_stays_valid(sandbox: Sandbox) -> None:
    key = fresh_key()
    with sandbox.client(api_key=key) as owner:
        strategy = run(owner, "import os\nprint(os.environ['SEQUENCE_API_KEY'])\n", sequence_api_key=key)
        assert ended(owner, strategy).status == "exited"
        assert written(owner, strategy) == ["[secret]"]
        assert owner.account().client_id


def test_a_reset_ends_what_runs_and_nothing_that_is_started_afterwards(
    sandbox: Sandbox, seq: Sequence, tmp_path: Path
) -> None:
    program = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)\n"
    strategy = run(seq, program)
    says(seq, strategy, "up")
    (folder,) = tmp_path.iterdir()
    sandbox.reset()
    again = run(seq, program)
    assert (again.strategy_id, again.current_run_id) == (strategy.strategy_id, "run_1"), "ids begin again"
    says(seq, again, "up")
    until(folder.exists, lambda there: not there)
    assert seq.strategy(again.strategy_id).status == "running"


def test_after_a_restart_it_has_to_be_created_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, key = tmp_path / "state.db", fresh_key()
    with Sandbox(seed=7, state=state, run_strategies=True) as sandbox, sandbox.client(api_key=key) as seq:
        strategy = run(seq, "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)\n")
        says(seq, strategy, "up")
    with Sandbox(state=state, run_strategies=True) as sandbox, sandbox.client(api_key=key) as seq:
        last = seq.strategy(strategy.strategy_id)
        done = only_run(last)
        assert (last.status, last.desired_state, done.reason) == ("stopped", "running", "the sandbox ended")
        assert seq.strategy_logs(strategy.strategy_id).logs == ()
        with pytest.raises(ConflictError, match="create the strategy again"):
            seq.strategy_start(strategy.strategy_id)
        sandbox.check_invariants()
    with Sandbox(state=state) as sandbox, sandbox.client(api_key=key) as seq:
        assert seq.strategy_start(strategy.strategy_id).status == "starting", "states alone need no artifact"


def test_secrets_are_nowhere_but_in_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    key = fresh_key()
    answers: list[str] = []
    state = tmp_path / "state.db"
    with Sandbox(seed=7, state=state, run_strategies=True) as sandbox, sandbox.client(api_key=key) as seq:
        strategy = run(
            seq,
            "import os, sys, time\n"
            "print('token is', os.environ['TOKEN'], 'and key', os.environ['SEQUENCE_API_KEY'])\n"
            "sys.stderr.write(os.environ['TOKEN'] * 3 + '\\n')\n"
            "print('up', len(os.environ['TOKEN']), flush=True)\n"
            "while True: time.sleep(1)\n",
            secrets={"TOKEN": SECRET},
            sequence_api_key=key,
        )
        lines = says(seq, strategy, "up")
        assert "token is [secret] and key [secret]" in lines
        assert f"up {len(SECRET)}" in lines
        on_disk = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        answers += [str(seq.strategies().raw), str(seq.strategy(strategy.strategy_id).raw)]
        answers += [str(seq.strategy_logs(strategy.strategy_id).raw), str(sandbox.journal())]
        hosting = sandbox._live()._services.hosting
        answers += [repr(hosting._sealed), repr(vars(hosting))]
        seq.strategy_stop(strategy.strategy_id)
        ended(seq, strategy)
    on_disk += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(on_disk) > 2
    for secret in (SECRET, key):
        assert not [place for place in on_disk if secret.encode() in place]
        assert not [text for text in answers if secret in text]
        assert secret not in caplog.text


@linux
def test_it_does_not_outlive_a_sandbox_that_is_killed(tmp_path: Path) -> None:
    key, state = fresh_key(), tmp_path / "state.db"
    program = (
        "import sys\n"
        "from sequence_markets.sandbox import Sandbox\n"
        "from tests.sandbox.strategies.support import run, until, written\n"
        "key, state = sys.argv[1:]\n"
        "with Sandbox(seed=7, run_strategies=True, state=state) as sandbox, sandbox.client(api_key=key) as seq:\n"
        "    strategy = run(seq, 'import os, time\\nprint(os.getpid(), flush=True)\\nwhile True: time.sleep(1)\\n')\n"
        "    print(until(lambda: written(seq, strategy), bool)[0], flush=True)\n"
        "    sys.stdin.read()\n"
    )
    paths = [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command, pipe = [sys.executable, "-c", program, key, str(state)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        assert alive(pid)
        host.send_signal(signal.SIGKILL)
        host.wait()
    until(lambda: alive(pid), lambda there: not there)
    with Sandbox(state=state, run_strategies=True) as sandbox, sandbox.client(api_key=key) as seq:
        (strategy,) = seq.strategies()
        done = only_run(strategy)
        assert (strategy.status, done.status, done.reason) == ("stopped", "stopped", "the sandbox ended")
        sandbox.check_invariants()
