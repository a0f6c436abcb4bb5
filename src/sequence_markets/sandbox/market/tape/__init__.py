"""Recorded tapes, played by the venues' own sequence rules, and venues derived from them."""

from .feed import TapeCounters
from .market import TapeMarket
from .reader import Tape, read_tape

__all__ = ["Tape", "TapeCounters", "TapeMarket", "read_tape"]
