"""Who listens to what, and the one place where frames are made and handed out.

Everything here runs under the exchange's lock; only the outboxes reach over to the threads of the listeners.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sequence_markets.sandbox.algos.history import AlgoEvent, Item
from sequence_markets.sandbox.algos.runs import Trace
from sequence_markets.sandbox.algos.views import event_row, trace_row
from sequence_markets.sandbox.exchange import Exchange
from sequence_markets.sandbox.server.streams.batched import BatchedFeed
from sequence_markets.sandbox.server.streams.lifecycle_feed import LifecycleFeed
from sequence_markets.sandbox.server.streams.market_feed import MarketFeed
from sequence_markets.sandbox.server.streams.order_feed import OrderFeed
from sequence_markets.sandbox.server.streams.outbox import Outbox
from sequence_markets.sandbox.server.streams.polled import PolledFeed
from sequence_markets.sandbox.server.streams.reference import (
    FAIR_PRICE_EVERY_NS,
    FUNDING_EVERY_NS,
    fair_price_figures,
    funding_figures,
)
from sequence_markets.sandbox.server.streams.risk_feed import RiskFeed
from sequence_markets.sandbox.server.streams.source import Shown, Source
from sequence_markets.sandbox.server.streams.tca_feed import TcaFeed
from sequence_markets.sandbox.server.streams.topics import Kind, Topic, read_topic
from sequence_markets.sandbox.server.wire import encode_text
from sequence_markets.sandbox.trading import records as rec
from sequence_markets.sandbox.trading.desk import Desk

Key: TypeAlias = tuple[Kind, str, str]
"""Kind, account ("" for what everybody may hear), and name."""

MOST_TOPICS: Final = 256


Style: TypeAlias = Callable[[str, Mapping[str, object]], str]
"""Writes channel and data as the text that is sent."""


def stream_frame(channel: str, data: Mapping[str, object]) -> str:
    """A frame of the unified stream."""
    return encode_text({"channel": channel, "data": data})


@dataclass(eq=False, slots=True)
class Listener:
    """One connection: its account, where its frames go and how they look, and the topics it holds, by their text."""

    client_id: str
    outbox: Outbox
    frame: Style = stream_frame
    most_topics: int = MOST_TOPICS
    topics: dict[str, Topic] = field(default_factory=dict[str, Topic])


class Hub:
    """Watches the exchange for its listeners.

    It is attached to the exchange while there is a listener, so that nobody pays for streams that nobody reads.
    """

    def __init__(self) -> None:
        self._listeners: dict[Listener, None] = {}
        self._by_key: dict[Key, dict[tuple[Listener, str], None]] = {}
        self._market = MarketFeed(self.publish)
        self._lifecycle = LifecycleFeed(self.publish)
        self._sources: dict[Kind, Source] = {
            "prices": self._market,
            "book": self._market,
            "funding": PolledFeed("funding", FUNDING_EVERY_NS, funding_figures, self.publish),
            "fair_price": PolledFeed("fair_price", FAIR_PRICE_EVERY_NS, fair_price_figures, self.publish),
            "new_markets": self._lifecycle,
            "market_resolved": self._lifecycle,
        }
        self._feeds: tuple[BatchedFeed, ...] = (OrderFeed(self), TcaFeed(self), RiskFeed(self))
        self._touched: dict[str, None] = {}
        self._resolved: list[str] = []

    # Listeners.

    def join(self, exchange: Exchange, listener: Listener) -> None:
        """Let a connection take part; it hears nothing before it subscribes."""
        if not self._listeners:
            exchange.observer = self
            exchange.algos.history.taps.append(self._on_algo)
        self._listeners[listener] = None

    def leave(self, exchange: Exchange, listener: Listener) -> None:
        """Forget a connection and all it held."""
        for text in list(listener.topics):
            self._drop(listener, text)
        del self._listeners[listener]
        if not self._listeners:
            exchange.observer = None
            exchange.algos.history.taps.remove(self._on_algo)

    def end(self) -> None:
        """Tell every connection that nothing more will come."""
        for listener in self._listeners:
            listener.outbox.end()

    def subscribe(self, exchange: Exchange, listener: Listener, texts: Iterable[str]) -> None:
        """Add topics, say which were taken, and send one frame of each market topic as it stands."""

        def owns(deployment: str) -> bool:
            return _owner_of(exchange, deployment) == listener.client_id

        accepted: list[str] = []
        reasons: dict[str, str] = {}
        fresh: list[Topic] = []
        for text in texts:
            if text in listener.topics:
                accepted.append(text)
                continue
            topic = read_topic(text, exchange.market.catalogue.at(exchange.now_ns), owns)
            if not isinstance(topic, Topic):
                reasons[text] = topic
            elif len(listener.topics) >= listener.most_topics:
                reasons[text] = "LIMIT"
            else:
                accepted.append(text)
                fresh.append(topic)
                self._add(exchange.desk, listener, topic)
        ack: dict[str, object] = {"subscribed": accepted, "rejected": list(reasons)}
        if reasons:
            ack["reasons"] = reasons
        listener.outbox.put(encode_text(ack))
        for topic in fresh:
            self._show(exchange.desk, listener, topic)

    def follow(self, exchange: Exchange, listener: Listener, kind: Kind) -> None:
        """Let a connection hear one kind that is a feed of its own, without an answer to it."""
        topic = Topic(kind, kind, "")
        self._add(exchange.desk, listener, topic)
        self._show(exchange.desk, listener, topic)

    def unsubscribe(self, listener: Listener, texts: Iterable[str]) -> None:
        """Take topics away; one that is not held is fine."""
        removed = list(dict.fromkeys(texts))
        for text in removed:
            if text in listener.topics:
                self._drop(listener, text)
        listener.outbox.put(encode_text({"unsubscribed": removed, "subscribed": [], "rejected": []}))

    def _add(self, desk: Desk, listener: Listener, topic: Topic) -> None:
        key = _key(listener, topic)
        first = key not in self._by_key
        self._by_key.setdefault(key, {})[(listener, topic.text)] = None
        listener.topics[topic.text] = topic
        source = self._sources.get(topic.kind)
        if first and source is not None:
            source.follow(desk, topic.kind, topic.name)

    def _show(self, desk: Desk, listener: Listener, topic: Topic) -> None:
        source = self._sources.get(topic.kind)
        if source is None:
            return
        for data, subject in source.snapshot(desk, topic.kind, topic.name):
            listener.outbox.put(listener.frame(topic.text, data), topic.text, subject)

    def _drop(self, listener: Listener, text: str) -> None:
        topic = listener.topics.pop(text)
        key = _key(listener, topic)
        audience = self._by_key[key]
        del audience[(listener, text)]
        if not audience:
            del self._by_key[key]
            source = self._sources.get(topic.kind)
            if source is not None:
                source.unfollow(topic.kind, topic.name)

    # What the feeds say.

    def wants(self, kind: Kind, client_id: str) -> bool:
        """Whether somebody of an account listens to what concerns it."""
        return (kind, client_id, "") in self._by_key

    def say(self, kind: Kind, client_id: str, data: Mapping[str, object]) -> None:
        """Push a frame to the listeners of an account."""
        self._publish((kind, client_id, ""), data, "")

    def _on_algo(self, deployment: str, item: Item) -> None:
        match item:
            case Trace():
                self._say_of(deployment, "traces", trace_row(deployment, item))
            case AlgoEvent():
                self._say_of(deployment, "deployment", event_row(deployment, item))
            case _:
                pass

    def _say_of(self, deployment: str, kind: Kind, data: Mapping[str, object]) -> None:
        for key in [key for key in self._by_key if key[0] == kind and key[2] == deployment]:
            self._publish(key, data, "")

    def publish(self, kind: Kind, name: str, shown: Shown) -> None:
        """Push a frame to everybody who listens to a name."""
        self._publish((kind, "", name), *shown)

    def _publish(self, key: Key, data: Mapping[str, object], subject: str) -> None:
        made: dict[tuple[Style, str], str] = {}
        for listener, text in self._by_key.get(key, ()):
            style = listener.frame, text
            if style not in made:
                made[style] = listener.frame(text, data)
            listener.outbox.put(made[style], text, subject)

    # What the exchange says.

    def recorded(self, desk: Desk, record: rec.Record) -> None:
        """Note what a record means to whom."""
        for feed in self._feeds:
            feed.recorded(desk, record)
        match record:
            case rec.Filled():
                self._touched.update(dict.fromkeys(level[0] for level in record.level))
            case rec.BookSet() | rec.PriceSet():
                found = desk.market.catalogue.resolve(record.symbol)
                if found is not None:
                    self._touched[found.primary] = None
            case rec.ResolutionSet(symbol=symbol):
                self._resolved.append(symbol)
            case _:
                pass

    def committed(self, desk: Desk) -> None:
        """Hand out what the records meant."""
        for feed in self._feeds:
            feed.committed(desk)
        if self._touched:
            self._market.touched(desk, self._touched)
            self._touched.clear()
        if self._resolved:
            self._lifecycle.scripted(desk, self._resolved)
            self._resolved.clear()

    def abandoned(self) -> None:
        """Forget what did not happen."""
        for feed in self._feeds:
            feed.abandoned()
        self._touched.clear()
        self._resolved.clear()

    def rearmed(self, desk: Desk) -> None:
        """Plan again what is due."""
        for source in dict.fromkeys(self._sources.values()):
            source.rearmed(desk)


def _owner_of(exchange: Exchange, deployment: str) -> str | None:
    found = exchange.state.algos.deployments.get(deployment)
    return None if found is None else found.client


def _key(listener: Listener, topic: Topic) -> Key:
    return topic.kind, listener.client_id if topic.private else "", topic.name
