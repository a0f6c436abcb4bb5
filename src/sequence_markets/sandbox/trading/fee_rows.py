"""What fills of an instrument cost per venue, in words and numbers from which the same fee can be computed anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sequence_markets.sandbox.instruments import Instrument
from sequence_markets.sandbox.trading.desk import Desk
from sequence_markets.sandbox.trading.fees import CurveFee, Fee, FlatFee
from sequence_markets.units import decimal_1e9

__all__ = ["fee_rows"]

_CASH_STEP_1E8: Final = 1
_BPS_1E8: Final = 10_000
_FIELDS: Final = ("maker_bps", "taker_bps", "fee_model", "components", "formula", "source")


def fee_rows(
    desk: Desk, client_id: str, instrument: Instrument, venues: Iterable[str] | None = None
) -> list[dict[str, object]]:
    """The fees in force for an account, one row per venue.

    Args:
        desk: The working context.
        client_id: The account; what it set for itself comes before the table.
        instrument: What is traded.
        venues: The venues to tell of, in this order; those that quote the instrument when None. One that does not
            trade it has nulls in its row.
    """
    quoting = desk.market.venues(instrument.symbol)
    own = desk.state.accounts[client_id].settings.fees
    rows: list[dict[str, object]] = []
    for venue in quoting if venues is None else venues:
        if venue not in quoting:
            rows.append(_row(venue))
            continue
        maker = desk.fees.fee(venue, instrument.fee_category, "maker", desk.now_ns, own)
        taker = desk.fees.fee(venue, instrument.fee_category, "taker", desk.now_ns, own)
        named = any(entry[0] == venue for entry in own)
        source = "set by the account" if named else desk.fees.version(venue, desk.now_ns).source
        rows.append(_priced(venue, maker, taker, source))
    return rows


def _row(venue: str, **known: object) -> dict[str, object]:
    return {"venue": venue, **dict.fromkeys(_FIELDS), **known}


def _priced(venue: str, maker: Fee, taker: Fee, source: str) -> dict[str, object]:
    curved = isinstance(taker, CurveFee)
    step_1e9 = 10 * (taker.step_1e8 if isinstance(taker, CurveFee) else _CASH_STEP_1E8)
    rate, maker_rate = _rate_1e8(taker), _rate_1e8(maker)
    what = "qty * price * (1 - price)" if curved else "qty * price"
    rounding = f"rounded up to {decimal_1e9(step_1e9).normalize():f}"
    return _row(
        venue,
        maker_bps=_shown_bps(maker),
        taker_bps=_shown_bps(taker),
        fee_model="p_times_1_minus_p" if curved else "flat_bps",
        components={
            "rate_bps": rate // _BPS_1E8 if rate % _BPS_1E8 == 0 else rate / _BPS_1E8,
            "rate_1e8": rate,
            "maker_rate_1e8": maker_rate,
            "step_usd_1e9": step_1e9,
        },
        formula={
            "taker_fee_usd": f"{_decimal_text(rate)} * {what}, {rounding}",
            "maker_fee_usd": f"{_decimal_text(maker_rate)} * {what}, {rounding}",
        },
        source=source,
    )


def _decimal_text(value_1e8: int) -> str:
    """A number in 1e-8 as the shortest decimal text.

    >>> _decimal_text(7_000_000), _decimal_text(0), _decimal_text(300_000_000)
    ('0.07', '0', '3')
    """
    return f"{decimal_1e9(value_1e8 * 10).normalize():f}" if value_1e8 else "0"


def _rate_1e8(fee: Fee) -> int:
    return fee.bps * _BPS_1E8 if isinstance(fee, FlatFee) else fee.rate_1e8


def _shown_bps(fee: Fee) -> int:
    # Of a curve the figure shown is its value at a price of one half.
    return fee.bps if isinstance(fee, FlatFee) else fee.rate_1e8 * 5_000 // 10**8
