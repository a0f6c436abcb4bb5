"""The local exchange: real fill physics behind the real wire protocol, with no account, container or network.

Example:
    >>> from sequence_markets.sandbox import Sandbox
    >>> with Sandbox(seed=7, clock="manual") as sandbox:
    ...     seq = sandbox.client()
    ...     seq.health()
    True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequence_markets.sandbox.algos.limits import AlgoLimits
    from sequence_markets.sandbox.embedded import Sandbox
    from sequence_markets.sandbox.faults import Fault, Faults
    from sequence_markets.sandbox.journal import JournalError
    from sequence_markets.sandbox.runtime import Advance, ClockError
    from sequence_markets.sandbox.trading.errors import InvariantError

__all__ = ["Advance", "AlgoLimits", "ClockError", "Fault", "Faults", "InvariantError", "JournalError", "Sandbox"]

_HOME = {
    "Advance": "sequence_markets.sandbox.runtime",
    "AlgoLimits": "sequence_markets.sandbox.algos.limits",
    "ClockError": "sequence_markets.sandbox.runtime",
    "Fault": "sequence_markets.sandbox.faults",
    "Faults": "sequence_markets.sandbox.faults",
    "InvariantError": "sequence_markets.sandbox.trading.errors",
    "JournalError": "sequence_markets.sandbox.journal",
    "Sandbox": "sequence_markets.sandbox.embedded",
}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
