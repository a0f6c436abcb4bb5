"""The sandbox, its clock running. Usage: sandbox_server.py [STATE]."""

from __future__ import annotations

import sys

from sequence_markets.sandbox import Sandbox

with Sandbox(seed=7, clock="real", state=sys.argv[1] if len(sys.argv) > 1 else None) as sandbox:
    print(sandbox.url.rpartition(":")[2], flush=True)
    sys.stdin.read()
