"""Sets the limits of a hosted strategy, then becomes it. Run as a script, in a process of its own.

Usage: launcher.py LIMITS PARENT PROGRAM [ARGUMENT...], where LIMITS is JSON such as ``{"RLIMIT_AS": 536870912}`` and
PARENT the id of the process whose end is to be the strategy's end too.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1
_PARENT_GONE = 125


def main(arguments: list[str]) -> None:
    """Set the limits and become the program."""
    import resource

    limits: dict[str, int] = json.loads(arguments[0])
    for name, wanted in limits.items():
        kind: int = getattr(resource, name)
        _, most = resource.getrlimit(kind)
        # At the soft limit of processor time comes a signal of its own, a second later the end.
        hard = wanted + 1 if name == "RLIMIT_CPU" else wanted
        soft, hard = (each if most == resource.RLIM_INFINITY else min(each, most) for each in (wanted, hard))
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError) as error:
            sys.stderr.write(f"the limit {name} is not to be had on this system: {error}\n")
    if sys.platform == "linux":
        # Orphans must not go on trading. Not every C library has the call.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(arguments[1]):
        sys.exit(_PARENT_GONE)
    os.execv(arguments[2], arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
