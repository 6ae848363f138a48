"""The runs of a track scored by several assessors over the topics that all of them have judged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assessment.domain.errors import DomainError
from assessment.domain.measures import Grades, Rankings, evaluate, parse_measure
from assessment.models import Assessor, Topic, Track
from assessment.selectors.matrices import depth_needed, grades_of, on_topics, rankings_of

DEFAULT_JUDGED_DEPTH = 10


class RunInfo(NamedTuple):
    pk: int
    tag: str
    team: str
    kind: str
    language_models: str = ""


class TopicInfo(NamedTuple):
    pk: int
    qid: str
    query: str


@dataclass(frozen=True)
class Sides:
    """Scores of the same runs on the same topics by each assessor (`names`, in the order asked).

    `scores` and `judged` (Judged@`judged_depth`) hold a matrix for each name: runs x topics, NaN where the run lacks
    the topic. `grades` are the assessor's grades on these topics, `places` the topics' places in the track, which
    number the topics of `grades`. `excluded` are tags of runs that were left out, `topics_of` says how many of the
    topics that were asked for each assessor has judged.
    """

    track: Track
    measure: str
    judged_depth: int
    names: list[str]
    runs: list[RunInfo]
    topics: list[TopicInfo]
    scores: dict[str, np.ndarray]
    judged: dict[str, np.ndarray]
    grades: dict[str, Grades]
    places: np.ndarray
    excluded: list[str]
    topics_of: dict[str, int]

    @property
    def tags(self) -> list[str]:
        return [run.tag for run in self.runs]

    @property
    def teams(self) -> list[str]:
        return [run.team for run in self.runs]

    def without(self, tags: Iterable[str]) -> "Sides":
        """The same without some runs."""
        gone = set(tags)
        kept = [place for place, run in enumerate(self.runs) if run.tag not in gone]
        matrices = ({name: matrix[kept] for name, matrix in side.items()} for side in (self.scores, self.judged))
        scores, judged = matrices
        runs = [self.runs[place] for place in kept]
        excluded = sorted({*self.excluded, *(gone & set(self.tags))})
        return Sides(**vars(self) | {"runs": runs, "scores": scores, "judged": judged, "excluded": excluded})


def sides_of(
    track: Track,
    assessors: Sequence[Assessor],
    measure: str,
    *,
    topics: Sequence[Topic] | None = None,
    exclude: Iterable[str] = (),
) -> Sides:
    """Score every run of the track by each assessor, without those called in `exclude`, over `topics` (default: all)
    as far as all of the assessors have judged them.

    Raises DomainError for an unknown measure, an unknown run, an assessor without grades, and assessors without a
    judged topic in common. A track without runs has matrices without rows.
    """
    judged_depth = parse_measure(measure).cutoff or DEFAULT_JUDGED_DEPTH
    names = [measure, f"Judged@{judged_depth}"]
    rankings = rankings_of(track, depth=depth_needed(names))
    known = list(track.topics.order_by("position", "pk").values_list("pk", "qid", "query"))
    by_tag = {row[1]: RunInfo(*row) for row in track.runs.values_list("pk", "tag", "team", "kind", "language_models")}
    grades = {one.name: _asked(grades_of(one), topics, known) for one in assessors}
    counts = {name: len(np.unique(side.topic_index)) for name, side in grades.items()}
    shared = _shared(grades, topics is not None)
    grades = {name: on_topics(side, shared) for name, side in grades.items()}
    present = _present(rankings, len(known))[:, shared]
    scores, judged = {}, {}
    for name, side in grades.items():
        found = evaluate(rankings, side, names, track.relevant_from).scores
        scores[name], judged[name] = (np.where(present, found[one], np.nan) for one in names)
    sides = Sides(
        track=track,
        measure=measure,
        judged_depth=judged_depth,
        names=list(grades),
        runs=[by_tag[tag] for tag in rankings.runs],
        topics=[TopicInfo(*known[place]) for place in shared.tolist()],
        scores=scores,
        judged=judged,
        grades=grades,
        places=shared,
        excluded=[],
        topics_of=counts,
    )
    return sides.without(_known_runs(exclude, by_tag, track.slug))


def _asked(grades: Grades, topics: Sequence[Topic] | None, known: list[tuple]) -> Grades:
    if topics is None:
        return grades
    wanted = {topic.pk for topic in topics}
    places = [place for place, (pk, _, _) in enumerate(known) if pk in wanted]
    return on_topics(grades, np.array(places, dtype=np.int64))


def _shared(grades: dict[str, Grades], narrowed: bool) -> np.ndarray:
    among = " among the topics that were asked for" if narrowed else ""
    for name, side in grades.items():
        if not len(side.grades):
            raise DomainError(f"{name} has judged nothing{among or ' yet'}, so there is nothing to compare.")
    topics = None
    for side in grades.values():
        own = np.unique(side.topic_index)
        topics = own if topics is None else np.intersect1d(topics, own)
    if topics is None or not len(topics):
        *first, last = grades
        raise DomainError(f"{', '.join(first)} and {last} have not judged any topic in common{among}.")
    return topics


def _present(rankings: Rankings, n_topics: int) -> np.ndarray:
    present = np.zeros((len(rankings.runs), n_topics), dtype=bool)
    present[rankings.run_index, rankings.topic_index] = True
    return present


def _known_runs(tags: Iterable[str], known: dict, slug: str) -> list[str]:
    wanted = list(dict.fromkeys(tags))
    if unknown := [tag for tag in wanted if tag not in known]:
        raise DomainError(f"{slug} has no run {', '.join(unknown)}, so it cannot be left out.")
    return wanted
