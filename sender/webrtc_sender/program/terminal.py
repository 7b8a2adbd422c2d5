"""How wide a text for people may be."""

import shutil

NARROWEST, WIDEST = 60, 100


def columns() -> int:
    """The terminal's, as far as a text can be read in them."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))
