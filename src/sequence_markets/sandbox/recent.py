"""A dictionary that remembers only what was used lately."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values that can be made again, the most recently used `capacity` of them.

    Example:
        >>> squares: Recent[int, int] = Recent(2)
        >>> for number in (1, 2, 3):
        ...     _ = squares.put(number, number * number)
        >>> squares.get(1), squares.get(3)
        (None, 9)
    """

    __slots__ = ("_capacity", "_values")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value, which is then the most recently used one; ``None`` when it is forgotten."""
        value = self._values.pop(key, None)
        if value is not None:
            self._values[key] = value
        return value

    def put(self, key: K, value: V) -> V:
        """Remember a value, and forget the one that was not used for longest when there are too many."""
        self._values[key] = value
        if len(self._values) > self._capacity:
            del self._values[next(iter(self._values))]
        return value
