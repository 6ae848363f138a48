"""Several judges beside one manual assessor: which of them orders the runs most as people do?"""

from collections.abc import Sequence
from typing import NamedTuple

from django.core.cache import cache

from assessment.domain.comparing import USUAL, Terms, filled
from assessment.domain.errors import DomainError
from assessment.domain.resampling import Difference, tau_difference
from assessment.selectors.comparisons import Comparison, compared, scored
from assessment.selectors.sides import Sides
from assessment.selectors.uncertainties import REMEMBERED, digest


class JudgeRow(NamedTuple):
    """One judge's comparison with the manual assessor. `to_best` is its τ minus that of the best judge, with the middle
    95 % over the same resampled topics for both; None for the best itself."""

    name: str
    comparison: Comparison
    to_best: Difference | None

    def as_dict(self) -> dict:
        """Its figures under the keys of `compare`, with `delta_tau` {delta, low, high} to the best."""
        told = self.comparison
        names = ("tau", "tau_per_topic_mean", "tau_pooled", "tau_ap", "rbo", "kappa", "exact", "grade_bias", "bias")
        figures = {name: getattr(told, name) for name in (*names, "n_runs", "n_topics", "n_pairs")}
        return {"judge": self.name} | figures | {"delta_tau": self.to_best and self.to_best._asdict()}


def best_first(sides: Sides, manual: str, terms: Terms = USUAL) -> list[Comparison]:
    """Every other assessor of the sides compared with the manual one, over the topics that all have judged, by τ.

    DomainError without any other. Judges whose τ is undefined come last.
    """
    others = [name for name in sides.names if name != manual]
    if not others:
        raise DomainError(f"There is nobody beside {manual}; choose another assessor.")
    found = [compared(sides, manual, name, terms) for name in others]
    return sorted(found, key=lambda one: (one.tau is None, -(one.tau or 0), one.automatic))


def judges_table(sides: Sides, manual: str, terms: Terms = USUAL) -> list[JudgeRow]:
    """The comparisons of `best_first`, each with its difference to the best judge."""
    found = best_first(sides, manual, terms)
    best = found[0].automatic
    return [
        JudgeRow(one.automatic, one, None if one.automatic == best else _difference(sides, manual, one, best, terms))
        for one in found
    ]


def judges_are_remembered(sides: Sides, manual: str, terms: Terms = USUAL) -> bool:
    """Would `judges_table` answer at once?"""
    best, *others = best_first(sides, manual, terms)
    return all(_key(one.sides, manual, one.automatic, best.automatic, terms) in cache for one in others)


def _key(sides: Sides, manual: str, judge: str, best: str, terms: Terms) -> str:
    return digest("delta-tau", sides, [manual, judge, best], terms.missing, terms.samples, terms.seed)


def _difference(sides: Sides, manual: str, judge: Comparison, best: str, terms: Terms) -> Difference:
    names = [manual, judge.automatic, best]
    sides = scored(sides, terms.missing)
    key = _key(sides, *names, terms)
    found = cache.get(key)
    if found is None:
        scores: Sequence = [filled(sides.scores[name], terms.missing) for name in names]
        found = tau_difference(*scores, terms.samples, terms.seed)
        cache.set(key, found, REMEMBERED)
    return found
