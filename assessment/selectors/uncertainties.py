"""What takes thousands of samples, computed once for the same scores on the same terms.

The key is a digest of the very numbers that go in, so that what is remembered can never be stale; a judgment more is
another key.
"""

import hashlib
from collections.abc import Sequence

from django.core.cache import cache

from assessment.domain.comparing import Terms, Uncertainty, uncertainty
from assessment.selectors.sides import Sides

REMEMBERED = 24 * 60 * 60  # seconds
VERSION = 1  # another one where what is computed changes


def uncertainty_of(sides: Sides, manual: str, automatic: str, terms: Terms) -> Uncertainty:
    """The uncertainty of two assessors' comparison."""
    key = digest("uncertainty", sides, [manual, automatic], terms)
    found = cache.get(key)
    if found is None:
        scores = sides.scores[manual], sides.scores[automatic]
        found = uncertainty(*scores, sides.tags, terms, sides.teams)
        cache.set(key, found, REMEMBERED)
    return found


def is_remembered(sides: Sides, manual: str, automatic: str, terms: Terms) -> bool:
    """Would `uncertainty_of` answer at once?"""
    return digest("uncertainty", sides, [manual, automatic], terms) in cache


def digest(kind: str, sides: Sides, names: Sequence[str], *terms: object) -> str:
    """A key for what is computed from these assessors' scores, the runs with their teams, and the terms."""
    made_of = hashlib.blake2b(digest_size=20)
    for part in (VERSION, sides.tags, sides.teams, [topic.qid for topic in sides.topics], *terms):
        made_of.update(repr(part).encode())
    for name in names:
        made_of.update(sides.scores[name].tobytes())
    return f"{kind}:{made_of.hexdigest()}"
