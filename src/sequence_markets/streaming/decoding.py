"""What a frame says. Pure: bytes in, and whatever they are, an answer out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from sequence_markets.models import Fault, InvalidPayload, SequenceModel, UnknownEvent
from sequence_markets.models._json import is_array, is_object
from sequence_markets.models.base import checked
from sequence_markets.models.books import read_book

from .channels import KINDS, MARKETS, Kind
from .events import InvalidEvent
from .words import shortened

Data = SequenceModel | InvalidEvent


class Event(NamedTuple):
    """Something happened on a channel."""

    channel: str
    data: Data


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of subscriptions. ``rejected`` gives the reason by channel."""

    subscribed: tuple[str, ...] = ()
    unsubscribed: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Complaint:
    """The server reports an error."""

    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Nonsense:
    """A frame that is none of these."""

    reason: str
    raw: bytes
    size: int


Message = Event | Answer | Complaint | Nonsense

_KEPT: Final = 1000
_LONGEST_CHANNEL: Final = 1024
_BOOK_BEGINS: Final = (b'{"channel":"book:', b'{"channel": "book:')
_DATA_BEGINS: Final = re.compile(rb'(book:[!#-\[\]-~]{1,1000}+)", ?+"data": ?+')


def read_frame(frame: bytes) -> Message:
    """Read a frame of the unified stream."""
    if frame.startswith(_BOOK_BEGINS) and (quick := _book(frame)) is not None:
        return quick
    said = _parsed(frame)
    if isinstance(said, Nonsense):
        return said
    channel = said.get("channel")
    if isinstance(channel, str) and ("data" in said or "error" not in said):
        if not 0 < len(channel) <= _LONGEST_CHANNEL:
            return _nonsense("its channel is empty or too long", frame)
        return Event(channel, data_of(channel, KINDS.get(channel.partition(":")[0]), said.get("data")))
    if "error" in said:
        return _complaint(said["error"])
    if "subscribed" in said or "rejected" in said or "unsubscribed" in said:
        return _answer(said)
    return _nonsense("it has neither a channel nor an answer", frame)


def _book(frame: bytes) -> Event | None:
    """Read a frame of a book in the usual layout, without parsing it."""
    name = _DATA_BEGINS.match(frame, 13 if frame[11:12] == b" " else 12)
    if name is None or not frame.endswith(b"}"):
        return None
    book = read_book(frame, name.end(), len(frame) - 1)
    return None if book is None else Event(name[1].decode("ascii"), book)


def read_market(frame: bytes) -> Message:
    """Read a frame of one of the sockets about prediction markets: a bare event, told apart by its ``kind``."""
    said = _parsed(frame)
    if isinstance(said, Nonsense):
        return said
    tag = said.get("kind")
    if tag is None and "error" in said:
        return _complaint(said["error"])
    if not isinstance(tag, str) or not 0 < len(tag) <= _LONGEST_CHANNEL:
        return _nonsense("it has no kind", frame)
    return Event(tag, data_of(tag, MARKETS.get(tag), said))


def data_of(channel: str, kind: Kind | None, raw: Any) -> Data:
    """Return the data of a channel as its model, or what is wrong with it."""
    if kind is None:
        if is_object(raw):
            return UnknownEvent.unvalidated(raw)
        return InvalidEvent(channel, raw, (Fault("", "an object is needed"),))
    try:
        return checked(raw, kind.model)
    except InvalidPayload as bad:
        return InvalidEvent(channel, raw, bad.faults)


def _parsed(frame: bytes) -> dict[str, Any] | Nonsense:
    try:
        said = from_json(frame, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        return _nonsense(f"it is not JSON ({error})", frame)
    return said if is_object(said) else _nonsense("it is not an object", frame)


def _nonsense(reason: str, frame: bytes) -> Nonsense:
    return Nonsense(shortened(reason), bytes(frame[:_KEPT]), len(frame))


def _complaint(said: object) -> Complaint:
    if is_object(said):
        code, message = said.get("code"), said.get("message")
        shown = message if isinstance(message, str) and message else repr(said)
        return Complaint(shortened(code) if isinstance(code, str) else None, shortened(shown))
    return Complaint(None, shortened(said if isinstance(said, str) else repr(said)))


def _answer(said: dict[str, Any]) -> Answer:
    reasons = said.get("reasons")
    reason_of = reasons if is_object(reasons) else {}
    rejected = said.get("rejected")
    listed = [{"channel": key, "reason": value} for key, value in rejected.items()] if is_object(rejected) else rejected
    return Answer(
        tuple(_channel(each) for each in _listed(said.get("subscribed"))),
        tuple(_channel(each) for each in _listed(said.get("unsubscribed"))),
        tuple((_channel(each), _reason(each, reason_of)) for each in _listed(listed)),
    )


def _listed(value: object) -> list[Any]:
    return value if is_array(value) else []


def _channel(entry: object) -> str:
    """Return the channel an entry names: itself, or a field of it."""
    if is_object(entry):
        entry = next((entry[key] for key in ("channel", "topic", "name", "subscription") if key in entry), None)
    return entry if isinstance(entry, str) else ""


def _reason(entry: object, reason_of: dict[str, Any]) -> str:
    found: object = reason_of.get(_channel(entry))
    if found is None and is_object(entry):
        found = next((entry[key] for key in ("reason", "code", "message", "error") if key in entry), None)
    return shortened(found if isinstance(found, str) else "rejected" if found is None else repr(found))
