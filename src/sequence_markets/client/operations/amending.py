"""Level 2: changing a resting order."""

from __future__ import annotations

from typing import Any

from sequence_markets.client import checks
from sequence_markets.client.operation import Operation, Reading, Retry, json_body, one, path
from sequence_markets.errors import BadRequestError
from sequence_markets.models import Amendment, Order, SequenceModel
from sequence_markets.units import Number, decimal_1e8, price_to_1e9, qty_to_1e8

REPLACED = "cancel_replace"


class _Amended(SequenceModel, frozen=True):
    """The wire's answer, which names the order otherwise and may leave the mode out."""

    node_order_id: str | None = None
    status: str
    mode: str | None = None


_AMENDED = one(_Amended)


def amend(order_id: str, new_price: Number | None, new_qty: Number | None) -> Operation[Amendment]:
    """Change the limit price, the whole quantity, or both. A repeat could undo a change made since."""
    if new_price is None and new_qty is None:
        raise ValueError("amend: must pass at least one of new_price or new_qty")
    body: dict[str, Any] = {}
    if new_qty is not None:
        body["new_qty_1e8"] = qty_to_1e8(new_qty, "new_qty")
    if new_price is not None:
        # For a sell as well: the wire has one name for the new limit price of either side.
        body["new_constraints"] = {"max_price_1e9": price_to_1e9(new_price, "new_price")}
    return _change("amend", order_id, body)


def reduction(reduce_by: Number) -> int:
    """Return how much to take off, scaled."""
    return qty_to_1e8(reduce_by, "reduce_by")


def decrease(order: Order, reduce_by: Number) -> Operation[Amendment]:
    """Take a quantity off what remains of an order.

    Raises:
        BadRequestError: Nothing would remain.
    """
    by = reduction(reduce_by)
    remaining = order.qty_1e8 - (order.filled_qty_1e8 or 0)
    if by >= remaining:
        raise BadRequestError(
            400,
            f"reduce_by {decimal_1e8(by):f} would leave nothing of the {decimal_1e8(remaining):f} that remains;"
            " cancel instead",
            operation="decrease",
            graph_id=checks.graph_of_order_or_none(order.node_order_id),
        )
    return _change("decrease", order.node_order_id, {"new_qty_1e8": order.qty_1e8 - by})


def _change(name: str, order_id: str, body: dict[str, Any]) -> Operation[Amendment]:
    checks.path_part(order_id, "order_id")
    shrinks = name == "decrease"

    def amendment(answer: _Amended) -> Amendment:
        mode = answer.mode or REPLACED
        if shrinks and mode == REPLACED:
            mode = f"{REPLACED}_shrink"
        return Amendment.unvalidated({**answer.raw, "order_id": answer.node_order_id or order_id, "mode": mode})

    decode, unvalidated = _AMENDED.decode, _AMENDED.unvalidated
    assert unvalidated is not None
    return Operation(
        name,
        "PATCH",
        path("orders", order_id),
        Reading(lambda answer: amendment(decode(answer)), lambda raw: amendment(unvalidated(raw))),
        retry=Retry.UNSAFE,
        body=json_body(body),
        graph_id=checks.graph_of_order_or_none(order_id),
        lookup=f"order({order_id!r})",
    )
