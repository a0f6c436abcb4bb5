"""Finding prediction markets: what a search matches, in which order, and page by page."""

from .cursors import BadCursorError, Cursors
from .entries import Entry, Place, entries, entry_status
from .figures import Figures, Touch, Traded
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
    "Touch",
    "Traded",
    "entries",
    "entry_status",
    "tag_number",
]
