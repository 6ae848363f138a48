"""Text in a CSV file that somebody will open with a spreadsheet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain_text(text: str) -> str:
    """Free text as a cell that no spreadsheet takes for a formula: such text gets an apostrophe before it.

    For notes, reasons and titles only: numbers and identifiers stay as they are (a docid may begin with a minus).
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
