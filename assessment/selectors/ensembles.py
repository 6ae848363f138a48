"""Ensembles of a track: what their rules make of their members' labels, and what is stored of it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from assessment.domain.ensembles import NONE, Combined, combine
from assessment.models import Assessor, Ensemble, Grade, Judgment, JudgmentEvent, Track
from assessment.selectors.matrices import grades_by_all


class GradeCount(NamedTuple):
    value: int
    label: str
    count: int


class Outcome(NamedTuple):
    """What a rule makes of its members' labels: the `pairs` that at least one of them graded, as keys of topics and of
    documents (n), and their labels."""

    topics: np.ndarray
    documents: np.ndarray
    combined: Combined
    scale: Sequence[Grade]

    @property
    def pairs(self) -> int:
        return len(self.topics)

    @property
    def labelled(self) -> int:
        return int(self.combined.labelled.sum())

    @property
    def without_quorum(self) -> int:
        return self.pairs - self.labelled

    @property
    def tied(self) -> int:
        return int(self.combined.tied.sum())

    @property
    def unanimous(self) -> int:
        """Of those with a label: how many have no vote for anything else."""
        return int((self.combined.agreement == 1).sum())

    @property
    def by_grade(self) -> list[GradeCount]:
        return [
            GradeCount(grade.value, grade.label, int((self.combined.grades == grade.value).sum()))
            for grade in self.scale
        ]


class EnsembleRow(NamedTuple):
    """An ensemble with its members, the `labels` that are stored, and whether a member's have changed since."""

    ensemble: Ensemble
    members: list[Assessor]
    labels: int
    is_stale: bool


def possible_members(track: Track) -> QuerySet[Assessor]:
    """Judges and imported labels of the track, by name, each with the number of `labels`: no people, whose labels are
    not a machine's, and no ensemble, whose members would then vote twice."""
    kinds = [Assessor.Kind.LLM, Assessor.Kind.IMPORTED]
    counted = Count("judgments", filter=Q(judgments__vigilance=False, judgments__grade__isnull=False))
    found = track.assessors.filter(kind__in=kinds, ensemble=None).annotate(labels=counted)
    return found.filter(labels__gt=0).order_by("name")


def ensemble_outcome(track: Track, members: Iterable[Assessor], rule: str, quorum: int) -> Outcome:
    """What the rule makes of the members' labels as they stand now, by two queries."""
    members, scale = list(members), list(track.grades.all())
    given = grades_by_all(members)
    pairs, rows = np.unique(given.pairs, return_inverse=True)
    labels = np.full((len(pairs), len(members)), NONE)
    places = {member.pk: place for place, member in enumerate(members)}
    columns = np.array([places[key] for key in given.assessors.tolist()], dtype=int)
    labels[rows, columns] = given.grades
    combined = combine(rule, labels, [grade.value for grade in scale], quorum)
    return Outcome(pairs >> 32, pairs & 0xFFFFFFFF, combined, scale)


def ensembles_of_track(track: Track) -> list[EnsembleRow]:
    """Every ensemble of the track, the newest first, by two queries."""
    of_members = {"assessor__ensembles": OuterRef("pk")}
    later = Judgment.objects.filter(**of_members, updated_at__gt=OuterRef("combined_at"))
    undone = JudgmentEvent.objects.filter(**of_members, at__gt=OuterRef("combined_at"), vigilance=False)
    found = Ensemble.objects.filter(result__track=track).select_related("result", "created_by")
    found = found.prefetch_related("members").annotate(
        labels=Count("result__judgments"), changed=Exists(later) | Exists(undone)
    )
    found = found.order_by("-created_at", "-pk")  # a grouped query forgets the model's own order
    return [
        EnsembleRow(one, sorted(one.members.all(), key=lambda member: member.name), one.labels, one.changed)
        for one in found
    ]
