"""What a stream was asked for, checked before anything is connected."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from sequence_markets.client import checks

from .channels import LOSSLESS, POLICIES, Policy, kind_of
from .events import StreamEvent

Backpressure = Policy | Mapping[str, Policy]
StaleAfter = float | Mapping[str, float | None]
OnEvent = Callable[[StreamEvent], object]

Feed = Literal["new_markets", "market_resolved"]

OTHER_PROCESS: Final = "this stream belongs to the process that opened it: open another one after a fork"

STALE_AFTER: Final = 30.0
BUFFER_SIZE: Final = 1024
_LONGEST_CHANNEL: Final = 512
_LARGEST_BUFFER: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """How a stream behaves.

    Attributes:
        channels: What is subscribed at first.
        feed: The socket of its own that is read instead of the unified stream.
        lifecycle: Whether the stream's own events are given as items.
        on_event: Called with each of them at once.
        everywhere: What becomes of what is not read in time, where nothing more special is said.
        policies: The same by channel or kind.
        stale_after: Seconds of silence, on the kinds that are watched, before it is told of; ``None`` for never.
        silences: The same by channel or kind.
        buffer_size: Most items kept per channel, and over all channels that block.
        heal: Whether fills and orders missed in a gap are read over REST.
    """

    channels: tuple[str, ...] = ()
    feed: Feed | None = None
    lifecycle: bool = False
    on_event: OnEvent | None = None
    everywhere: Policy | None = None
    policies: Mapping[str, Policy] | None = None
    stale_after: float | None = STALE_AFTER
    silences: Mapping[str, float | None] | None = None
    buffer_size: int = BUFFER_SIZE
    heal: bool = True

    def policy_of(self, channel: str) -> Policy:
        """Return what becomes of what is not read in time."""
        kind = kind_of(channel)
        for name in (channel, channel.partition(":")[0]):
            if self.policies is not None and name in self.policies:
                return self.policies[name]
        if self.everywhere is not None and not (self.everywhere not in LOSSLESS and (kind is None or kind.private)):
            return self.everywhere
        return "block" if kind is None else kind.policy

    def silence_of(self, channel: str) -> float | None:
        """Return after how many seconds of silence it is told of."""
        for name in (channel, channel.partition(":")[0]):
            if self.silences is not None and name in self.silences:
                return self.silences[name]
        kind = kind_of(channel)
        return self.stale_after if kind is not None and kind.watched else None


def make_options(
    channels: Iterable[str],
    *,
    feed: Feed | None = None,
    lifecycle: bool = False,
    on_event: OnEvent | None = None,
    backpressure: Backpressure | None = None,
    stale_after: StaleAfter | None = STALE_AFTER,
    buffer_size: int = BUFFER_SIZE,
    heal: bool = True,
) -> Options:
    """Return checked options.

    Raises:
        ValueError: An argument can never work.
        TypeError: An argument has the wrong type.
    """
    if on_event is not None and (not callable(on_event) or inspect.iscoroutinefunction(on_event)):
        raise TypeError("on_event must be a plain function of one argument, neither awaited nor async")
    everywhere, policies = _policies(backpressure)
    general, silences = _silences(stale_after)
    return Options(
        checked_channels(channels),
        feed,
        checks.boolean(lifecycle, "lifecycle"),
        on_event,
        everywhere,
        policies,
        general,
        silences,
        checks.integer(buffer_size, "buffer_size", least=1, most=_LARGEST_BUFFER),
        checks.boolean(heal, "heal"),
    )


def checked_channels(channels: object, name: str = "channels") -> tuple[str, ...]:
    """Return channel names, each once, in the order given."""
    named = checks.texts(channels, name)
    for channel in named:
        if len(channel) > _LONGEST_CHANNEL or not channel.isprintable():
            raise ValueError(
                f"{name} must be printable and at most {_LONGEST_CHANNEL} characters, got {channel[:80]!r}"
            )
    return tuple(dict.fromkeys(named))


def _policies(given: object) -> tuple[Policy | None, Mapping[str, Policy] | None]:
    if isinstance(given, Mapping):
        named = cast("Mapping[object, object]", given)
        return None, {_name(key, "backpressure"): _policy(value, str(key)) for key, value in named.items()}
    policy = checks.one_of(given, "backpressure", POLICIES)
    return cast("Policy | None", policy), None


def _policy(value: object, channel: str) -> Policy:
    policy = checks.one_of(value, f"backpressure[{channel!r}]", POLICIES)
    if policy is None:
        raise TypeError(f"backpressure[{channel!r}] must not be None")
    kind = kind_of(channel)
    if policy not in LOSSLESS and kind is not None and kind.private:
        raise ValueError(f"backpressure[{channel!r}] must be 'block' or 'error': nothing about an account is dropped")
    return cast("Policy", policy)


def _silences(given: object) -> tuple[float | None, Mapping[str, float | None] | None]:
    if isinstance(given, Mapping):
        named = cast("Mapping[object, object]", given)
        return STALE_AFTER, {_name(key, "stale_after"): _seconds(value, str(key)) for key, value in named.items()}
    return (None if given is None else checks.seconds(given, "stale_after")), None


def _seconds(value: object, channel: str) -> float | None:
    return None if value is None else checks.seconds(value, f"stale_after[{channel!r}]")


def _name(key: object, name: str) -> str:
    return checks.text(key, f"a key of {name}")
