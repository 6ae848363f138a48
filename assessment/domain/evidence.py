"""Evidence: spans of a passage that an assessor marked as the ground of a grade.

A span is {"start": int, "end": int, "text": str}: [start, end) in Unicode code points of the document's text, and the
words themselves, so that whoever reads the span later can see that it still fits the text.
"""

from .errors import DomainError

MOST_SPANS = 50


def checked_spans(text: str | None, spans: object) -> list[dict]:
    """The spans as they may be stored: trimmed, in their order, each once, with the words of the text itself.

    The words that come with a span may differ from the text in white space only (a browser does not show line ends as
    they are). Raises DomainError when a span does not lie in the text or has other words.
    """
    if not isinstance(spans, list) or not all(isinstance(span, dict) for span in spans):
        raise DomainError("Evidence is a list of spans, each with start, end and text.")
    if len(spans) > MOST_SPANS:
        raise DomainError(f"{len(spans)} spans of evidence are more than one passage can have ({MOST_SPANS}).")
    if spans and not text:
        raise DomainError("This document has no text, so nothing in it can be evidence.")
    places = sorted({_checked_place(text, span) for span in spans})
    return [{"start": start, "end": end, "text": text[start:end]} for start, end in places]


def _checked_place(text: str, span: dict) -> tuple[int, int]:
    start, end, words = (span.get(name) for name in ("start", "end", "text"))
    if not all(type(place) is int for place in (start, end)) or not isinstance(words, str):
        raise DomainError("Evidence needs whole numbers for start and end, and its text.")
    if not 0 <= start < end <= len(text):
        raise DomainError(f"Evidence from {start} to {end} does not lie in the text, which has {len(text)} characters.")
    found = text[start:end]
    if found.split() != words.split():
        raise DomainError(
            f"Evidence from {start} to {end} is “{_short(found)}” in the text, not “{_short(words)}”. "
            "The document may have changed since: reload the page and mark it again."
        )
    if not found.strip():
        raise DomainError(f"Evidence from {start} to {end} is empty.")
    return start + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip())


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:59]}…"
