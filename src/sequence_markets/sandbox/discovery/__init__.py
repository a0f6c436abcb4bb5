"""Finding prediction markets: what a search matches, in which order, and page by page."""

from .cursors import BadCursorError, Cursors
from .entries import Entry, Place, entries, entry_status
from .figures import Figures, Traded, resting_1e17
from .pages import Page, Pages
from .search import ORDERS, Search, tag_number

__all__ = [
    "ORDERS",
    "BadCursorError",
    "Cursors",
    "Entry",
    "Figures",
    "Page",
    "Pages",
    "Place",
    "Search",
    "Traded",
    "entries",
    "entry_status",
    "resting_1e17",
    "tag_number",
]
