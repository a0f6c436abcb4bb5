"""Human views of the wire's fixed-point and time fields.

A view stands beside its field under the name without the scale suffix, computes on each read and costs nothing until
then. Views are data descriptors, so that no key of an answer can take their place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Generic, Never, NoReturn, Self, TypeVar, overload

from sequence_markets.units import datetime_from_ns, decimal_1e8, decimal_1e9

from ._json import is_integer

T_co = TypeVar("T_co", covariant=True)


class View(ABC, Generic[T_co]):
    """A read-only attribute computed from one field of the same model."""

    suffix: ClassVar[str]
    __slots__ = ("field", "name")

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name
        self.field = f"{name}{self.suffix}"

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> T_co: ...
    def __get__(self, instance: object | None, owner: type[Any]) -> Self | T_co:
        if instance is None:
            return self
        received: Any = getattr(instance, self.field)
        # Only an unvalidated model holds anything but an integer or None; then the view is what was received.
        value: T_co = self.read(received) if is_integer(received) else received
        return value

    def __set__(self, instance: object, value: Never) -> NoReturn:  # never: type checkers refuse every assignment
        raise AttributeError(f"{self.name} is a view of {self.field}; models are read-only")

    @abstractmethod
    def read(self, fixed: int) -> Any:
        """Return the human value of the wire's integer."""


class _Quantity(View[T_co]):
    suffix = "_1e8"
    __slots__ = ()

    def read(self, fixed: int) -> Decimal:
        return decimal_1e8(fixed)


class _Money(View[T_co]):
    suffix = "_1e9"
    __slots__ = ()

    def read(self, fixed: int) -> Decimal:
        return decimal_1e9(fixed)


class _Instant(View[T_co]):
    suffix = "_ns"
    __slots__ = ()

    def read(self, fixed: int) -> datetime:
        return datetime_from_ns(fixed)


class _Span(View[T_co]):
    suffix = "_ns"
    __slots__ = ()

    def read(self, fixed: int) -> timedelta:
        return timedelta(microseconds=fixed // 1000)


class Quantity(_Quantity[Decimal]):
    """``qty = Quantity()`` reads ``qty_1e8`` as an exact ``Decimal``."""

    __slots__ = ()


class OptionalQuantity(_Quantity[Decimal | None]):
    """As `Quantity`, ``None`` where the field is null or absent."""

    __slots__ = ()


class Money(_Money[Decimal]):
    """``fee = Money()`` reads ``fee_1e9`` as an exact ``Decimal``; prices and amounts alike."""

    __slots__ = ()


class OptionalMoney(_Money[Decimal | None]):
    """As `Money`, ``None`` where the field is null or absent."""

    __slots__ = ()


class Instant(_Instant[datetime]):
    """``as_of = Instant()`` reads ``as_of_ns`` as an aware UTC ``datetime`` (whole microseconds)."""

    __slots__ = ()


class OptionalInstant(_Instant[datetime | None]):
    """As `Instant`, ``None`` where the field is null or absent."""

    __slots__ = ()


class Duration(_Span[timedelta]):
    """``duration = Duration()`` reads ``duration_ns`` as a ``timedelta`` (whole microseconds)."""

    __slots__ = ()


class OptionalDuration(_Span[timedelta | None]):
    """As `Duration`, ``None`` where the field is null or absent."""

    __slots__ = ()
