"""How a passage and a suggestion are drawn on the judging page."""

import json
import re
from typing import NamedTuple

from django import template
from django.utils.html import conditional_escape, escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

from assessment.domain.confidence import Confidence, confidence_of
from assessment.domain.retrieval import mark_spans, query_terms

register = template.Library()


@register.filter
def marked(text: str, query: str) -> SafeString:
    """The text, escaped, with the words that it shares with the query in <mark>."""
    pieces, end = [], 0
    for start, stop in mark_spans(text, query_terms(query)):
        pieces += [escape(text[end:start]), "<mark>", escape(text[start:stop]), "</mark>"]
        end = stop
    return mark_safe("".join([*pieces, escape(text[end:])]))


@register.filter
def is_web_address(url: str | None) -> bool:
    """Whether a document's address may become a link: what an upload calls one could be a script."""
    return (url or "").lower().startswith(("http://", "https://"))


@register.filter
def paragraphs(text: str) -> list[str]:
    """The text's paragraphs: what blank lines separate."""
    return [part.strip() for part in re.split(r"\n\s*\n", text or "") if part.strip()]


class PlacedParagraph(NamedTuple):
    """A paragraph as a browser may show it, and how its places translate to those of the text it is taken from.

    `start`: where it begins in the text. `returns`: the places in `shown` whose line end had a carriage return before
    it, which `shown` leaves out: a browser would drop it, or not. All of them count code points.
    """

    start: int
    shown: str
    returns: list[int]


@register.filter
def placed_paragraphs(text: str) -> list[PlacedParagraph]:
    """The text's paragraphs, as `paragraphs` has them, with their places."""
    placed, end = [], 0
    for part in paragraphs(text):
        start = text.index(part, end)
        end = start + len(part)
        lines = part.split("\r\n")
        returns = [sum(map(len, lines[:n])) + n - 1 for n in range(1, len(lines))]
        placed.append(PlacedParagraph(start, "\n".join(lines), returns))
    return placed


@register.filter
def as_json(value) -> str:
    """For a data attribute: JSON, to be escaped as any other text; an empty list for None."""
    return json.dumps(value or [], ensure_ascii=False)


class Bar(NamedTuple):
    """One grade of a distribution, drawn from the bottom of a box 24 high; the middle of its column is at `x`."""

    grade: str
    percent: int
    x: int
    y: float
    height: float


@register.filter
def bars(distribution: dict[str, float] | None) -> list[Bar]:
    """The probability of each grade, in ascending grade, as bars of an SVG with columns 28 wide."""
    shares = sorted((distribution or {}).items(), key=lambda pair: int(pair[0]))
    drawn = []
    for column, (grade, share) in enumerate(shares):
        height = max(round(24 * share, 1), 0.5)
        drawn.append(Bar(grade, round(100 * share), 28 * column + 14, round(24 - height, 1), height))
    return drawn


@register.filter
def sureness(suggestion: dict) -> Confidence | None:
    """How sure the suggestion's distribution is; None without one."""
    return confidence_of(suggestion.get("distribution"), suggestion["grade"])


@register.simple_tag
def keys(*names: str) -> SafeString:
    """Keys as they are printed beside a control; hidden from screen readers, which read aria-keyshortcuts."""
    return format_html_join("", '<kbd aria-hidden="true">{}</kbd>', ((conditional_escape(name),) for name in names))
