"""``--run-strategies`` really runs what is uploaded, and stops it with the sandbox."""

from __future__ import annotations

import os
import sys

import pytest

from sequence_markets import Sequence
from tests.cli.process import Served
from tests.sandbox.strategies.support import ended, only_run, run, until, written

pytestmark = pytest.mark.skipif(os.name != "posix", reason="strategies are run on POSIX systems only")

KEY = "seq_test_cli"


def test_code_is_run_only_when_it_is_asked_for() -> None:
    for arguments, executed in ((("--run-strategies",), True), ((), False)):
        with Served("--clock", "manual", *arguments) as served, Sequence(KEY, served.url) as seq:
            first = only_run(run(seq, "print('up')\n"))
            assert first.executed is executed


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the processes of others are doing")
def test_a_run_ends_with_the_command() -> None:
    with Served("--run-strategies") as served, Sequence(KEY, served.url) as seq:
        done = run(seq, "print('hello')\n")
        assert ended(seq, done).status == "exited"
        assert written(seq, done) == ["hello"]
        seq.strategy_delete(done.strategy_id)
        strategy = run(seq, "import os, time\nprint(os.getpid(), flush=True)\nwhile True: time.sleep(1)\n")
        pid = int(until(lambda: written(seq, strategy), bool)[0])
        assert os.path.exists(f"/proc/{pid}")
        assert served.stop() == (0, "", "")
        assert not os.path.exists(f"/proc/{pid}")
