"""The runs' means, or the grades' mean, from few manual and many automatic judgments."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from assessment.domain.comparing import filled
from assessment.domain.errors import DomainError
from assessment.domain.measures import Grades
from assessment.domain.prediction_powered import Powered, powered_means
from assessment.models import Assessor, Topic, Track
from assessment.selectors.matrices import grades_of
from assessment.selectors.sides import sides_of


class PoweredRow(NamedTuple):
    """One mean with its interval, beside that of the manual labels alone. `effective_n` is how many manual labels alone
    would give the interval; None where it has no width. `whole` is the mean over all manual labels where some of them
    were hidden, None otherwise."""

    name: str
    estimate: float
    low: float
    high: float
    weight: float
    effective_n: float | None
    human: float
    human_low: float
    human_high: float
    whole: float | None


class PoweredReport(NamedTuple):
    """`unit` says what n counts: topics (each row is a run) or pairs (each row is a statistic of the grades).

    `n_hidden` manual labels were set aside by `seed`, to see how the intervals would have done: `covered` is the share
    of rows whose interval holds `whole`, `human_covered` the same for the manual labels alone.
    """

    manual: str
    automatic: str
    unit: str
    measure: str | None
    n_labelled: int
    n_unlabelled: int
    n_hidden: int
    seed: int
    level: float
    labelled: list[str]
    rows: list[PoweredRow]

    @property
    def covered(self) -> float | None:
        return _share([row.low <= row.whole <= row.high for row in self.rows if row.whole is not None])

    @property
    def human_covered(self) -> float | None:
        return _share([row.human_low <= row.whole <= row.human_high for row in self.rows if row.whole is not None])

    @property
    def median_effective_n(self) -> float | None:
        known = [row.effective_n for row in self.rows if row.effective_n is not None]
        return float(np.median(known)) if known else None

    @property
    def width_ratio(self) -> float | None:
        """The median of the intervals' widths over those of the manual labels alone; below 1 the judge helps."""
        wide = [
            (row.high - row.low) / (row.human_high - row.human_low)
            for row in self.rows
            if row.human_high > row.human_low
        ]
        return float(np.median(wide)) if wide else None

    def as_dict(self) -> dict:
        """Ready for JSON."""
        told = ("covered", "human_covered", "median_effective_n", "width_ratio")
        return (
            self._asdict() | {name: getattr(self, name) for name in told} | {"rows": [r._asdict() for r in self.rows]}
        )


def powered_runs(
    track: Track,
    manual: Assessor,
    automatic: Assessor,
    measure: str,
    *,
    labelled: int | None = None,
    seed: int = 0,
    level: float = 0.95,
    weight: float | None = None,
    topics: Sequence[Topic] | None = None,
    exclude: Iterable[str] = (),
) -> PoweredReport:
    """Each run's mean of the measure over the topics that the automatic assessor has judged, best estimate first; a
    topic that a run lacks counts as 0.

    The labelled topics are those that both have judged; with `labelled` only so many of them, drawn by the seed, the
    others being hidden from the estimate. DomainError as in `sides_of` and `powered_means`.
    """
    exclude = list(exclude)
    by_machine = sides_of(track, [automatic], measure, topics=topics, exclude=exclude)
    by_people = sides_of(track, [manual], measure, topics=topics, exclude=exclude)
    if not by_machine.runs:
        raise DomainError(f"The track {track.slug} has no runs yet.")
    column = {topic.pk: place for place, topic in enumerate(by_people.topics)}
    both = [place for place, topic in enumerate(by_machine.topics) if topic.pk in column]
    chosen = _drawn(len(both), labelled, seed, f"topics that {manual.name} and {automatic.name} have judged")
    seen = np.zeros(len(by_machine.topics), dtype=bool)
    seen[np.array(both, dtype=int)[chosen]] = True
    scores = filled(by_machine.scores[automatic.name], "zero")
    manual_scores = filled(by_people.scores[manual.name], "zero")
    labels = manual_scores[:, [column[by_machine.topics[place].pk] for place in np.flatnonzero(seen)]]
    _enough(seen, "topics", manual, automatic)
    found = powered_means(labels, scores[:, seen], scores[:, ~seen], level, weight)
    hidden = len(both) - int(seen.sum())
    covers = hidden > 0 and len(both) == len(by_machine.topics)
    whole = manual_scores[:, [column[by_machine.topics[place].pk] for place in both]].mean(axis=1) if covers else None
    rows = sorted(_rows(by_machine.tags, found, whole), key=lambda row: (-row.estimate, row.name))
    names = [by_machine.topics[place].qid for place in np.flatnonzero(seen)]
    counts = int(seen.sum()), int((~seen).sum()), hidden
    return PoweredReport(manual.name, automatic.name, "topics", measure, *counts, seed, level, names, rows)


def powered_grades(
    track: Track,
    manual: Assessor,
    automatic: Assessor,
    *,
    labelled: int | None = None,
    seed: int = 0,
    level: float = 0.95,
    weight: float | None = None,
) -> PoweredReport:
    """The mean grade and the share of relevant pairs over all that the automatic assessor has judged, as in
    `powered_runs`, with pairs of topic and document in the place of topics."""
    by_people, by_machine = _keyed(grades_of(manual)), _keyed(grades_of(automatic))
    keys = np.array(sorted(by_machine))
    both = np.array([key for key in keys.tolist() if key in by_people])
    chosen = _drawn(len(both), labelled, seed, f"pairs that {manual.name} and {automatic.name} have judged")
    seen = np.isin(keys, both[chosen]) if len(both) else np.zeros(len(keys), dtype=bool)
    _enough(seen, "pairs", manual, automatic)
    machine = np.array([by_machine[key] for key in keys.tolist()], dtype=float)
    people = np.array([by_people[key] for key in keys[seen].tolist()], dtype=float)
    statistics = {"mean grade": lambda grades: grades, "share relevant": lambda grades: grades >= track.relevant_from}
    stacked = [
        np.stack([statistic(side).astype(float) for statistic in statistics.values()])
        for side in (people, machine[seen], machine[~seen])
    ]
    found = powered_means(*stacked, level, weight)
    hidden, whole = len(both) - int(seen.sum()), None
    if hidden and len(both) == len(keys):
        everything = np.array([by_people[key] for key in both.tolist()], dtype=float)
        whole = np.array([statistic(everything).mean() for statistic in statistics.values()])
    counts = int(seen.sum()), int((~seen).sum()), hidden
    rows = _rows(list(statistics), found, whole)
    return PoweredReport(manual.name, automatic.name, "pairs", None, *counts, seed, level, [], rows)


def _keyed(grades: Grades) -> dict[int, int]:
    keys = (grades.topic_index.astype(np.int64) << 32) | grades.documents
    return dict(zip(keys.tolist(), grades.grades.tolist(), strict=True))


def _drawn(available: int, labelled: int | None, seed: int, what: str) -> np.ndarray:
    if labelled is None:
        return np.arange(available)
    if not 2 <= labelled <= available:
        raise DomainError(f"There are {available:,} {what}; {labelled:,} of them cannot be drawn (at least 2).")
    return np.sort(np.random.default_rng(seed).permutation(available)[:labelled])


def _enough(seen: np.ndarray, unit: str, manual: Assessor, automatic: Assessor) -> None:
    if seen.all():
        raise DomainError(
            f"{manual.name} has judged all {unit} that {automatic.name} has judged, so there is nothing left to "
            f"estimate. Give a number of labelled {unit} to see how well fewer would have done."
        )


def _rows(names: list[str], found: Powered, whole: np.ndarray | None) -> list[PoweredRow]:
    known = [None] * len(names) if whole is None else whole.tolist()
    columns = [column.tolist() for column in found]
    return [
        PoweredRow(name, *values[:4], values[4] if np.isfinite(values[4]) else None, *values[5:], full)
        for name, full, *values in zip(names, known, *columns, strict=True)
    ]


def _share(holds: list[bool]) -> float | None:
    return float(np.mean(holds)) if holds else None
