"""How much human work is enough: the judgments made again in other orders, and fewer topics."""

from statistics import median
from typing import NamedTuple

import numpy as np
from django.core.cache import cache

from assessment.domain.comparing import filled
from assessment.domain.correlation import kendall_tau, run_means
from assessment.domain.errors import DomainError
from assessment.domain.measures import Grades
from assessment.domain.replay import TIME, Point, first_lasting, judging_orders, replay
from assessment.domain.topic_subsets import SubsetPoint, Subsets, halves, smallest_lasting, topic_subsets
from assessment.models import Assessor, Judgment, JudgmentState, Track
from assessment.selectors.matrices import depth_needed, grades_of, rankings_of
from assessment.selectors.sides import TopicInfo, sides_of
from assessment.selectors.uncertainties import REMEMBERED, digest

SAMPLES = 1_000
TARGET = 0.9


class Effort(NamedTuple):
    """The work of one assessor. `curves` by the name of the order; `subsets` are choices of `topics`, None with fewer
    than four runs. `automatic_tau` is tau of the automatic assessor's ranking with the whole manual one, on the topics
    that both have judged (None: undefined): what no human work at all would give."""

    assessor: str
    automatic: str
    measure: str
    n_runs: int
    n_topics: int
    n_judgments: int
    curves: dict[str, list[Point]]
    subsets: Subsets | None
    topics: list[TopicInfo]
    automatic_tau: float | None
    seed: int
    samples: int

    def reached(self, target: float) -> dict[str, Point | None]:
        """For each order the point from which on tau stays at the target or above."""
        return {name: first_lasting(curve, target) for name, curve in self.curves.items()}

    def fewest_topics(self, target: float) -> SubsetPoint | None:
        return smallest_lasting(self.subsets.points, target) if self.subsets else None

    def as_dict(self, target: float) -> dict:
        """Ready for JSON."""
        chosen = self.subsets and {
            "topics": [self.topics[place].qid for place in self.subsets.topics],
            "n_chosen_runs": self.subsets.n_chosen,
            "n_held_out_runs": self.subsets.n_held_out,
            "points": [point._asdict() for point in self.subsets.points],
        }
        fewest = self.fewest_topics(target)
        told = self._asdict()
        return {name: told[name] for name in told if name not in ("curves", "subsets", "topics")} | {
            "target": target,
            "curves": {name: [point._asdict() for point in curve] for name, curve in self.curves.items()},
            "reached": {name: point and point._asdict() for name, point in self.reached(target).items()},
            "subsets": chosen,
            "fewest_topics": fewest and fewest._asdict(),
        }


def effort_of(track: Track, manual: Assessor, automatic: Assessor, measure: str, seed: int = 0) -> Effort:
    """Everything about the manual assessor's work, remembered for the same judgments and runs. DomainError as in
    `sides_of`, and for a track without runs."""
    own = sides_of(track, [manual], measure)
    if not own.runs:
        raise DomainError(f"The track {track.slug} has no runs yet, so there is no ranking to come near to.")
    both = sides_of(track, [manual, automatic], measure)
    grades = grades_of(manual)
    times = _times(manual, grades)
    key = digest(
        "effort",
        both,
        [manual.name, automatic.name],
        *(column.tobytes() for column in (*grades, own.scores[manual.name])),
        None if times is None else times.tobytes(),
        (SAMPLES, seed, automatic.name, track.relevant_from),
    )
    found = cache.get(key)
    if found is None:
        found = _computed(track, own, both, grades, times, seed)
        cache.set(key, found, REMEMBERED)
    return found


def seconds_per_judgment(track: Track) -> float | None:
    """The median of the active time that people spent on a passage of this track; None where none was measured."""
    spent = Judgment.objects.filter(assessor__track=track, active_ms__gt=0).values_list("active_ms", flat=True)
    spent = list(spent[:100_000])
    return median(spent) / 1000 if spent else None


def _computed(track: Track, own, both, grades: Grades, times: np.ndarray | None, seed: int) -> Effort:
    (manual,), automatic = own.names, both.names[-1]
    rankings = rankings_of(track, depth=None)
    turns = judging_orders(rankings, grades, track.relevant_from, seed, times)
    rankings = rankings_of(track, depth=depth_needed([own.measure]))
    terms = {"samples": SAMPLES, "seed": seed}
    curves = {
        name: replay(rankings, grades, own.measure, track.relevant_from, order, whole_order=name == TIME, **terms)
        for name, order in turns.items()
    }
    scores = filled(own.scores[manual], "zero")
    subsets = topic_subsets(scores, halves(own.teams, seed), seed) if len(own.runs) > 3 else None
    means = [run_means(filled(both.scores[name], "zero")) for name in (manual, automatic)]
    return Effort(
        manual,
        automatic,
        own.measure,
        len(own.runs),
        len(own.topics),
        len(grades.grades),
        curves,
        subsets,
        own.topics,
        kendall_tau(*means),
        seed,
        SAMPLES,
    )


def _times(assessor: Assessor, grades: Grades) -> np.ndarray | None:
    """When each of the grades was given, in seconds; None for an import, whose judgments all came at once."""
    if assessor.kind == Assessor.Kind.IMPORTED:
        return None
    topics = {pk: place for place, pk in enumerate(_topic_keys(assessor.track))}
    given = Judgment.objects.filter(assessor=assessor, state=JudgmentState.GRADED)
    moments = {
        (topics[topic], document): moment.timestamp()
        for topic, document, moment in given.values_list("topic", "document", "created_at")
    }
    pairs = zip(grades.topic_index.tolist(), grades.documents.tolist(), strict=True)
    return np.array([moments.get(pair, 0.0) for pair in pairs])


def _topic_keys(track: Track) -> list[int]:
    return list(track.topics.order_by("position", "pk").values_list("pk", flat=True))
