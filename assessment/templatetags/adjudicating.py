"""How a passage is drawn on the adjudicator's desk: with the evidence of each source."""

import re
from collections.abc import Iterable

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from assessment.domain.retrieval import mark_spans, query_terms
from assessment.selectors.adjudications import Said

register = template.Library()

_BREAK = re.compile(r"\n\s*\n")


@register.simple_tag
def passage_paragraphs(text: str, said: Iterable[Said], query: str) -> list[SafeString]:
    """The text's paragraphs, escaped: words of the query in <mark>, evidence in <span class="evidence"> with the
    letters of those who marked it. Spans that the text does not hold (it was loaded anew) are left out."""
    evidence = [
        (span["start"], span["end"], source.letter)
        for source in said
        for span in source.judgment.evidence or ()
        if 0 <= span["start"] < span["end"] <= len(text) and text[span["start"] : span["end"]] == span.get("text")
    ]
    words = mark_spans(text, query_terms(query))
    drawn, begin = [], 0
    for end in [*(found.start() for found in _BREAK.finditer(text)), len(text)]:
        if text[begin:end].strip():
            drawn.append(_drawn(text, begin, end, evidence, words))
        found = _BREAK.match(text, end)
        begin = found.end() if found else end
    return drawn


def _drawn(text: str, begin: int, end: int, evidence: list[tuple], words: list[tuple[int, int]]) -> SafeString:
    """The text from `begin` to `end`, cut wherever evidence begins or ends."""
    cuts = {begin, end} | {cut for span in evidence for cut in span[:2] if begin < cut < end}
    pieces = []
    ordered = sorted(cuts)
    for start, stop in zip(ordered, ordered[1:], strict=False):
        inner = _marked(text, start, stop, words)
        by = sorted({letter for first, last, letter in evidence if first <= start and stop <= last})
        if by:
            inner = format_html(
                '<span class="evidence" title="Evidence of {0}" data-by="{0}">{1}</span>', ", ".join(by), inner
            )
        pieces.append(inner)
    return mark_safe("".join(pieces))  # each piece is escaped


def _marked(text: str, begin: int, end: int, words: list[tuple[int, int]]) -> SafeString:
    pieces, here = [], begin
    for start, stop in words:
        if begin <= start and stop <= end:
            pieces += [escape(text[here:start]), "<mark>", escape(text[start:stop]), "</mark>"]
            here = stop
    return mark_safe("".join([*pieces, escape(text[here:end])]))
