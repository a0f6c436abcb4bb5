"""Pictures of execution graphs: Mermaid text, SVG, HTML for notebooks, and a tree for the terminal.

A graph that has not been sent is drawn as it is; with its status, or from a status alone, in the colours of its states.
Pictures stand alone: they load nothing, and whatever an id holds is escaped.

Example:
    >>> graph = seq.buy("BTC-USD", "0.01")
    >>> print(tree(seq.graph_status(graph.graph_id)))
    graph_... completed
    order  filled 0.01 of 0.01 at ...
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Final

from sequence_markets.models import (
    EdgeSpec,
    GraphStatus,
    NodeSpec,
    NodeStatus,
    OnFillRatio,
    OnPrice,
    OnTimeout,
    UnknownTrigger,
)
from sequence_markets.models._json import is_mapping

if TYPE_CHECKING:
    from sequence_markets.graphs import Graph

__all__ = ["to_html", "to_mermaid", "to_svg", "tree"]


def to_mermaid(graph: Graph | GraphStatus, status: GraphStatus | None = None) -> str:
    """Return a Mermaid flowchart.

    Args:
        graph: A graph, or the status of one.
        status: The status of the graph, to colour it by.

    Example:
        >>> nodes = [seq.node("a", "BTC-USD", "buy", 1), seq.node("b", "BTC-USD", "sell", 1)]
        >>> from sequence_markets.graphs import prepare
        >>> print(to_mermaid(prepare(nodes, [seq.edge("a", "b", "full_fill")])))
        flowchart LR
            n0["a<br/>buy 1 BTC-USD, market"]
            n1["b<br/>sell 1 BTC-USD, market"]
            n0 -->|"on full fill"| n1
    """
    drawing = _drawing(graph, status)
    names = {box.key: f"n{index}" for index, box in enumerate(drawing.boxes)}
    lines = ["flowchart LR"]
    for box in drawing.boxes:
        text = "<br/>".join(_mermaid_text(line) for line in (box.title, *box.lines))
        state = f":::{box.state}" if box.state in _COLOURS else ""
        lines.append(f'    {names[box.key]}["{text}"]{state}')
    for arrow in drawing.arrows:
        style = "==>" if arrow.fired else "-->"
        lines.append(f'    {names[arrow.source]} {style}|"{_mermaid_text(arrow.label)}"| {names[arrow.target]}')
    lines += [f"    %% {_printable(note)}" for note in drawing.notes]
    used = {box.state for box in drawing.boxes}
    for state, (fill, line) in _COLOURS.items():
        if state in used:
            lines.append(f"    classDef {state} fill:{fill},stroke:{line},color:#1b1f24")
    return "\n".join(lines)


def to_svg(graph: Graph | GraphStatus, status: GraphStatus | None = None) -> str:
    """Return an SVG picture: sources on the left, their targets to the right, fired edges drawn bold.

    Args:
        graph: A graph, or the status of one.
        status: The status of the graph, to colour it by.

    Example:
        >>> from sequence_markets import recipes
        >>> to_svg(recipes.ladder("BTC-USD", "buy", 1, first=90_000, last=89_000, orders=3)).count("<rect")
        3
    """
    drawing = _drawing(graph, status)
    places = _places(drawing)
    width = max((left + _BOX_WIDTH for left, _ in places.values()), default=0) + _MARGIN
    height = max((top + _height(box) for box in drawing.boxes for _, top in [places[box.key]]), default=0) + _MARGIN
    heading = _HEADING if drawing.title else 0
    notes = len(drawing.notes) * _LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height + heading + notes}"'
        f' width="{width}" height="{height + heading + notes}" font-family="sans-serif" font-size="12">',
        f"<title>{_xml(drawing.title or 'execution graph')}</title>",
        '<defs><marker id="seq-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9"'
        ' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>',
    ]
    if drawing.title:
        parts.append(_svg_text(_MARGIN, 20, drawing.title, 'font-weight="bold" fill="#1b1f24"', 80))
    parts.append(f'<g transform="translate(0 {heading})">')
    boxes = {box.key: box for box in drawing.boxes}
    beside = Counter((arrow.source, arrow.target) for arrow in drawing.arrows)
    drawn: Counter[tuple[str, str]] = Counter()
    for arrow in drawing.arrows:
        ends = (arrow.source, arrow.target)
        parts += _svg_arrow(arrow, boxes, places, _LANE * (2 * drawn[ends] + 1 - beside[ends]) // 2)
        drawn[ends] += 1
    for box in drawing.boxes:
        parts += _svg_box(box, *places[box.key])
    parts += [
        _svg_text(_MARGIN, height + index * _LINE + 4, note, 'fill="#57606a"', 100)
        for index, note in enumerate(drawing.notes)
    ]
    return "\n".join([*parts, "</g>", "</svg>"])


def to_html(graph: Graph | GraphStatus, status: GraphStatus | None = None) -> str:
    """Return the SVG picture in an element that scrolls when it is wide, as notebooks show it.

    Args:
        graph: A graph, or the status of one.
        status: The status of the graph, to colour it by.

    Example:
        >>> from sequence_markets import recipes
        >>> to_html(recipes.twap("BTC-USD", "buy", 2, slices=4, interval_ms=60_000)).startswith("<div")
        True
    """
    return f'<div style="overflow-x:auto">\n{to_svg(graph, status)}\n</div>'


def tree(graph: Graph | GraphStatus, status: GraphStatus | None = None) -> str:
    """Return a tree of text: roots first, under each node what it starts and when.

    A node that several others lead to is described once; elsewhere an arrow refers to it.

    Args:
        graph: A graph, or the status of one.
        status: The status of the graph, to show the states of.

    Example:
        >>> from sequence_markets import recipes
        >>> print(tree(recipes.stop_loss("BTC-USD", "buy", "0.1", stop_pct=5)))
        entry  buy 0.1 BTC-USD, market
        └─ when BTC-USD is 5 % below entry, as much as filled → stop  sell 0.1 BTC-USD, market
    """
    drawing = _drawing(graph, status)
    boxes = {box.key: box for box in drawing.boxes}
    leaving: dict[str, list[_Arrow]] = {key: [] for key in boxes}
    for arrow in drawing.arrows:
        leaving[arrow.source].append(arrow)
    targets = {arrow.target for arrow in drawing.arrows}
    lines = [_printable(drawing.title)] if drawing.title else []
    shown: set[str] = set()

    def describe(key: str) -> str:
        box = boxes[key]
        return "  ".join(_printable(text) for text in (box.title, *box.lines))

    def walk(key: str, indent: str) -> None:
        # Not recursive: a chain may be a hundred nodes long, but a caller's stack is its own.
        work = [(arrow, indent, arrow is leaving[key][-1]) for arrow in reversed(leaving[key])]
        while work:
            arrow, prefix, last = work.pop()
            again = arrow.target in shown
            text = f"↑ {_printable(boxes[arrow.target].title)}" if again else describe(arrow.target)
            fired = " ✓" if arrow.fired else ""
            lines.append(f"{prefix}{'└─' if last else '├─'} {_printable(arrow.label)}{fired} → {text}")
            if not again:
                shown.add(arrow.target)
                below = leaving[arrow.target]
                deeper = prefix + ("   " if last else "│  ")
                work += [(each, deeper, each is below[-1]) for each in reversed(below)]

    # Nodes of a cycle, which only an unchecked graph has, hang off no root; they come last.
    for key in [*(key for key in boxes if key not in targets), *boxes]:
        if key not in shown:
            shown.add(key)
            lines.append(describe(key))
            walk(key, "")
    return "\n".join([*lines, *map(_printable, drawing.notes)])


@dataclass(frozen=True, slots=True)
class _Box:
    key: str
    title: str
    lines: tuple[str, ...]
    state: str | None = None


@dataclass(frozen=True, slots=True)
class _Arrow:
    source: str
    target: str
    label: str
    fired: bool = False


@dataclass(frozen=True, slots=True)
class _Drawing:
    title: str
    boxes: tuple[_Box, ...]
    arrows: tuple[_Arrow, ...]
    notes: tuple[str, ...] = ()


_COLOURS: Final = {
    "pending": ("#f6f8fa", "#8c959f"),
    "armed": ("#fff8c5", "#bf8700"),
    "executing": ("#ddf4ff", "#0969da"),
    "partial_fill": ("#d8f5e6", "#1a7f37"),
    "filled": ("#aceebb", "#1a7f37"),
    "cancelled": ("#eaeef2", "#57606a"),
    "rejected": ("#ffd7d5", "#cf222e"),
}
_NO_STATE: Final = ("#ffffff", "#57606a")
_SLICE: Final = re.compile(r"(.+)_slice_(\d+)", re.DOTALL)
_PACE: Final = re.compile(r"(.+)_pace_(\d+)", re.DOTALL)
"""The ids of the nodes and of the edges that a paced node is expanded into."""


def _drawing(graph: Graph | GraphStatus, status: GraphStatus | None) -> _Drawing:
    if isinstance(graph, GraphStatus):
        return _of_status(graph)
    drawn = _Drawing("", *_of_specs(graph.nodes, graph.edges))
    if status is None:
        return drawn
    fired = {edge_id for edge_id, edge in status.edges.items() if edge.fired}
    states = {box.key: box for box in _boxes(status)}
    edges = _drawable(graph.nodes, graph.edges)
    known = {box.key for box in drawn.boxes}
    slices = [arrow for arrow in _slices(status) if arrow.source in known and arrow.target not in known]
    return _Drawing(
        f"{status.graph_id} {status.status}",
        (
            *(
                replace(box, lines=(*box.lines, *states[box.key].lines), state=states[box.key].state)
                if box.key in states
                else box
                for box in drawn.boxes
            ),
            *(states[arrow.target] for arrow in slices),
        ),
        (
            *(replace(arrow, fired=edge.edge_id in fired) for arrow, edge in zip(drawn.arrows, edges, strict=True)),
            *slices,
        ),
    )


def _drawable(nodes: Sequence[NodeSpec], edges: Sequence[EdgeSpec]) -> list[EdgeSpec]:
    known = {node.node_id for node in nodes}
    return [edge for edge in edges if edge.from_node in known and edge.to_node in known]


def _of_specs(nodes: Sequence[NodeSpec], edges: Sequence[EdgeSpec]) -> tuple[tuple[_Box, ...], tuple[_Arrow, ...]]:
    boxes = tuple(_Box(node.node_id, node.node_id, (_order(node),)) for node in nodes)
    arrows = tuple(_Arrow(edge.from_node, edge.to_node, _when(edge)) for edge in _drawable(nodes, edges))
    return boxes, arrows


def _of_status(status: GraphStatus) -> _Drawing:
    arrows: list[_Arrow] = []
    notes: list[str] = []
    for edge_id, edge in status.edges.items():
        ends = (edge.from_node, edge.to_node) if edge.from_node and edge.to_node else _ends(edge_id, status.nodes)
        if ends is not None and {*ends} <= status.nodes.keys():
            arrows.append(_Arrow(*ends, edge.status, edge.fired))
        elif not ((paced := _PACE.fullmatch(edge_id)) and f"{paced[1]}_slice_{paced[2]}" in status.nodes):
            notes.append(f"edge {edge_id}: {edge.status}")
    linked = {(arrow.source, arrow.target) for arrow in arrows}
    arrows += [arrow for arrow in _slices(status) if (arrow.source, arrow.target) not in linked]
    return _Drawing(f"{status.graph_id} {status.status}", _boxes(status), tuple(arrows), tuple(notes))


def _boxes(status: GraphStatus) -> tuple[_Box, ...]:
    return tuple(_Box(key, key, (_progress(node),), node.status) for key, node in status.nodes.items())


def _slices(status: GraphStatus) -> list[_Arrow]:
    """Return an arrow from every paced node to each of its slices."""
    found = [(key, parent) for key in status.nodes if (parent := _SLICE.fullmatch(key)) and parent[1] in status.nodes]
    fired = {edge_id for edge_id, edge in status.edges.items() if edge.fired}
    return [
        _Arrow(parent[1], key, f"slice {parent[2]}", f"{parent[1]}_pace_{parent[2]}" in fired) for key, parent in found
    ]


def _ends(edge_id: str, nodes: Iterable[str]) -> tuple[str, str] | None:
    """Return the nodes that an id made by the SDK, ``e_<from>_<to>``, names, where they are not ambiguous."""
    known = set(nodes)
    found: set[tuple[str, str]] = set()
    for text in {edge_id, re.sub(r"_\d+$", "", edge_id)}:
        inside = text.removeprefix("e_")
        cuts = [index for index, letter in enumerate(inside) if letter == "_"]
        found |= {(inside[:cut], inside[cut + 1 :]) for cut in cuts if {inside[:cut], inside[cut + 1 :]} <= known}
    return found.pop() if len(found) == 1 else None


def _order(node: NodeSpec) -> str:
    fixed, notional = node.quantity.fixed, node.quantity.notional
    qty = _number(fixed.qty) if fixed is not None else f"${_number(notional.usd)} of" if notional is not None else "?"
    price = "market" if node.limit_price is None else f"limit {_number(node.limit_price)}"
    venue = f" on {node.instrument.venue}" if node.instrument.venue else ""
    pacing = node.execution.pacing if node.execution is not None else None
    uniform = pacing.uniform if pacing is not None else None
    paced = f", {uniform.num_slices} slices every {_time(uniform.interval_ms)}" if uniform is not None else ""
    return f"{node.side} {qty} {node.instrument.symbol}{venue}, {price}{paced}"


def _progress(node: NodeStatus) -> str:
    filled, target, price = node.filled_qty, node.target_qty, node.avg_fill_price
    how_far = f" {_number(filled or Decimal())} of {_number(target)}" if target is not None else ""
    at = f" at {_number(price)}" if price else ""
    why = f" ({node.failure_reason})" if node.failure_reason else ""
    return f"{node.status}{how_far}{at}{why}"


def _when(edge: EdgeSpec) -> str:
    match edge.when:
        case OnFillRatio(ratio):
            text = f"when {_number(Decimal(str(ratio)) * 100)} % filled"
        case OnTimeout(ms):
            text = f"after {_time(ms)}"
        case OnPrice(symbol, direction, reference, offset):
            size = abs(Decimal(str(offset)))
            distance = f"{_number(size)} % {direction}" if size else direction
            text = f"when {symbol} is {distance} {'entry' if isinstance(reference, str) else reference}"
        case UnknownTrigger(raw):
            text = str(raw)
        case _:
            text = str(edge.trigger).replace("_", " ")
    sizing: object = edge.sizing
    if sizing == "source_fill":
        text += ", as much as filled"
    elif is_mapping(sizing):
        text += f", {sizing.get('ratio')} of the fill"
    return text + (f", {_time(edge.delay_ms)} later" if edge.delay_ms else "")


def _number(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(ms: int) -> str:
    return f"{_number(Decimal(ms) / 1000)} s" if ms >= 1000 else f"{ms} ms"


_MARGIN: Final = 16
_HEADING: Final = 20
_BOX_WIDTH: Final = 230
_GAP_ACROSS: Final = 290
_GAP_DOWN: Final = 22
_LINE: Final = 16
_LANE: Final = 18
_LETTERS_IN_BOX: Final = 36
_LETTERS_ON_ARROW: Final = 52


def _height(box: _Box) -> int:
    return 14 + _LINE * (1 + len(box.lines))


def _places(drawing: _Drawing) -> dict[str, tuple[int, int]]:
    """Return the top left corner of every box; its column is the longest way to it from a root."""
    columns = {box.key: 0 for box in drawing.boxes}
    for _ in drawing.boxes:  # as often as there are boxes, so that a cycle ends too
        moved = False
        for arrow in drawing.arrows:
            if columns[arrow.target] <= columns[arrow.source] < len(columns) - 1:
                columns[arrow.target] = columns[arrow.source] + 1
                moved = True
        if not moved:
            break
    below: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for box in drawing.boxes:
        column = columns[box.key]
        top = below.get(column, _MARGIN)
        places[box.key] = (_MARGIN + column * (_BOX_WIDTH + _GAP_ACROSS), top)
        below[column] = top + _height(box) + _GAP_DOWN
    return places


def _svg_box(box: _Box, left: int, top: int) -> list[str]:
    fill, line = _COLOURS.get(box.state or "", _NO_STATE)
    whole = " · ".join((box.title, *box.lines))
    return [
        f"<g><title>{_xml(whole)}</title>",
        f'<rect x="{left}" y="{top}" width="{_BOX_WIDTH}" height="{_height(box)}" rx="6"'
        f' fill="{fill}" stroke="{line}"/>',
        _svg_text(left + 10, top + 19, box.title, 'font-weight="bold" fill="#1b1f24"'),
        *(
            _svg_text(left + 10, top + 19 + _LINE * (index + 1), text, 'fill="#1b1f24"')
            for index, text in enumerate(box.lines)
        ),
        "</g>",
    ]


def _svg_arrow(arrow: _Arrow, boxes: dict[str, _Box], places: dict[str, tuple[int, int]], lane: int) -> list[str]:
    """Draw an arrow; `lane` moves it down or up, so that several between the same boxes lie side by side."""
    (left, top), (to_left, to_top) = places[arrow.source], places[arrow.target]
    x1, y1 = left + _BOX_WIDTH, top + _height(boxes[arrow.source]) // 2 + lane
    x2, y2 = to_left, to_top + _height(boxes[arrow.target]) // 2 + lane
    middle = (x1 + x2) // 2
    width = 2.5 if arrow.fired else 1.2
    colour = "#1a7f37" if arrow.fired else "#57606a"
    return [
        f'<path d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}" fill="none" stroke="{colour}"'
        f' stroke-width="{width}" marker-end="url(#seq-arrow)"/>',
        _svg_text(
            middle,
            (y1 + y2) // 2 - 5,
            arrow.label,
            f'text-anchor="middle" font-size="10" fill="{colour}"',
            _LETTERS_ON_ARROW,
        ),
    ]


def _svg_text(x: int, y: int, text: str, attributes: str, most: int = _LETTERS_IN_BOX) -> str:
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return f'<text x="{x}" y="{y}" {attributes}>{_xml(shown)}</text>'


def _printable(text: str) -> str:
    """Return a text without what neither XML nor a terminal may hold."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _xml(text: str) -> str:
    return escape(_printable(text), quote=True)


def _mermaid_text(text: str) -> str:
    # Mermaid reads #name; as an entity, whatever it stands in.
    return "".join(
        letter if letter.isalnum() or letter in " _-.,%$:/()=?…" else f"#{ord(letter)};" for letter in _printable(text)
    )
