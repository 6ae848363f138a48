"""How a passage and a suggestion are drawn on the judging page."""

import re
from typing import NamedTuple

from django import template
from django.utils.html import conditional_escape, escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

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


@register.simple_tag
def keys(*names: str) -> SafeString:
    """Keys as they are printed beside a control; hidden from screen readers, which read aria-keyshortcuts."""
    return format_html_join("", '<kbd aria-hidden="true">{}</kbd>', ((conditional_escape(name),) for name in names))
