"""Scan terms: what an assessor has marked in the passages of a topic.

A term is a word, a "quoted phrase", or the beginning of a word, written with a star at its end (scatter*).
"""

import re

from .errors import DomainError

MOST_TERMS = 40
LONGEST_TERM = 100
_QUOTES = '"“”„«»'
_TERM = re.compile(f"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]?|([^\\s{_QUOTES}]+)")


def parse_terms(words: str) -> list[str]:
    """The terms in the order in which they were written, each once; white space in a phrase is one blank.

    A quotation mark that is never closed reaches to the end. Raises DomainError when there are too many, when one is
    too long, or when a star stands alone, which would mark everything.
    """
    found = (" ".join((phrase or word).split()) for phrase, word in _TERM.findall(words))
    terms = list(dict.fromkeys(term for term in found if term))
    if len(terms) > MOST_TERMS:
        raise DomainError(f"{len(terms)} scan terms are too many: up to {MOST_TERMS} are marked.")
    for term in terms:
        if len(term) > LONGEST_TERM:
            raise DomainError(f"“{term[:30]}…” is too long for a scan term: up to {LONGEST_TERM} characters.")
        if not term.rstrip("*"):
            raise DomainError(f"“{term}” alone would mark every word: write the beginning of one before it.")
    return terms


def written_terms(terms: list[str]) -> str:
    """The terms as they would be typed: phrases in quotation marks."""
    return " ".join(f'"{term}"' if " " in term else term for term in terms)
