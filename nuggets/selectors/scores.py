"""Scores of a track's answers by one assessor's labels of one bank's nuggets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Topic, Track
from nuggets.domain.scores import NOT_SUPPORT, PARTIAL_SUPPORT, RULES, SUPPORT, UNKNOWN, answer_scores
from nuggets.models import Answer, Bank, NuggetAssignment

from .banks import ScoredList, scored_lists

CODES = {"support": SUPPORT, "partial_support": PARTIAL_SUPPORT, "not_support": NOT_SUPPORT}


@dataclass(frozen=True)
class NuggetScores:
    """The scores of every run that the assessor has labelled an answer of, over a declared set of topics.

    `scores` holds a float matrix (runs x topics) for each of the six names, with 0 where a run gave no answer and NaN
    where it is undefined: no nugget of the topic counts for it, or nobody has labelled the answer yet. `answered`
    (bool, runs x topics) says where there is an answer, `lengths` (int, runs x topics) of how many words, `unknown`
    (bool, runs x topics) which answers are not labelled whole. `lists` stand in the order of `topics`; `label_of` maps
    (run, topic, nugget's place in the list) to the label that was given.
    """

    bank: Bank
    assessor: Assessor
    runs: list[str]
    topics: list[str]
    lists: list[ScoredList]
    scores: dict[str, np.ndarray]
    answered: np.ndarray
    lengths: np.ndarray
    unknown: np.ndarray
    label_of: dict[tuple[str, str, int], str]

    @property
    def missing(self) -> np.ndarray:
        """Topics that a run has not answered (int, runs)."""
        return (~self.answered).sum(axis=1)

    @property
    def unlabelled(self) -> np.ndarray:
        """Topics in which a run's answer is not labelled whole (int, runs)."""
        return self.unknown.sum(axis=1)

    @property
    def words(self) -> np.ndarray:
        """The mean length of the answers that a run has given (float, runs)."""
        return self.lengths.sum(axis=1) / np.maximum(self.answered.sum(axis=1), 1)

    def labels_in(self, topic: str) -> np.ndarray:
        """One topic's labels as codes (int, runs x nuggets). An empty answer supports nothing, labelled or not."""
        column = self.topics.index(topic)
        codes = np.full((len(self.runs), len(self.lists[column].nuggets)), UNKNOWN, np.int8)
        codes[self.answered[:, column] & (self.lengths[:, column] == 0)] = NOT_SUPPORT
        for row, run in enumerate(self.runs):
            for place in range(codes.shape[1]):
                if label := self.label_of.get((run, topic, place)):
                    codes[row, place] = CODES[label]
        return codes

    @property
    def answers(self) -> int:
        return len({key[:2] for key in self.label_of})

    @property
    def label_counts(self) -> dict[str, int]:
        counted = Counter(self.label_of.values())
        return {label: counted[label] for label in CODES}

    def means(self, name: str) -> list[float | None]:
        """Each run's mean over the topics where the score is defined; None where it is nowhere."""
        return [float(row[~np.isnan(row)].mean()) if not np.isnan(row).all() else None for row in self.scores[name]]

    def undefined(self, name: str) -> int:
        """Topics in which the score is undefined for every run."""
        return int(np.isnan(self.scores[name]).all(axis=0).sum())


def bank_called(track: Track, name: str) -> Bank:
    """The track's bank of this name, or DomainError with the names that there are."""
    known = {bank.name: bank for bank in track.banks.all()}
    if name not in known:
        raise DomainError(f"{track.slug} has no bank {name!r}; there are: {', '.join(known) or 'none yet'}.")
    return known[name]


def bank_for(track: Track, assessor: Assessor, name: str | None = None) -> Bank:
    """The bank of this name, or the one whose nuggets the assessor has labelled. DomainError where it is not clear."""
    if name is not None:
        return bank_called(track, name)
    of_bank = "wording__nugget__topic_bank__bank"
    used = set(NuggetAssignment.objects.filter(assessor=assessor).order_by().values_list(of_bank, flat=True).distinct())
    found = [bank for bank in track.banks.all() if bank.pk in used]
    if not found:
        raise DomainError(f"{assessor.name} has assigned no nuggets in {track.slug}.")
    if len(found) > 1:
        names = ", ".join(bank.name for bank in found)
        raise DomainError(f"{assessor.name} has assigned the nuggets of several banks; name one of them: {names}.")
    return found[0]


def nugget_scores(bank: Bank, assessor: Assessor, topics: Sequence[Topic] | None = None) -> NuggetScores:
    """All six scores; by default over the topics whose list has a nugget and an answer labelled by the assessor.

    DomainError where there is nothing to score.
    """
    lists = {topic: found for topic, found in scored_lists(bank, topics).items() if found.nuggets}
    given = _labels(assessor, lists)
    if topics is None:
        labelled = {topic for _, topic in given}
        topics = list(Topic.objects.filter(pk__in=labelled & lists.keys()).order_by("position"))
    else:
        _refuse_topics_without_nuggets(bank, topics, lists)
    if not given or not topics:
        raise DomainError(f"{assessor.name} has assigned no nuggets of {bank.name} in these topics.")
    answers = _answers(bank.track, topics)
    runs = sorted({answers[answer].run.tag for answer, _ in given if answer in answers})
    return _scored(bank, assessor, runs, topics, [lists[topic.pk] for topic in topics], answers, given)


def _refuse_topics_without_nuggets(bank: Bank, topics: Sequence[Topic], lists: dict) -> None:
    empty = [topic.qid for topic in topics if topic.pk not in lists]
    if empty:
        raise DomainError(f"{bank.name} has no nuggets for {', '.join(empty)}.")


def _answers(track: Track, topics: Sequence[Topic]) -> dict[int, Answer]:
    found = Answer.objects.filter(run__track=track, topic__in=topics).select_related("run")
    return {answer.pk: answer for answer in found.only("pk", "run__tag", "topic_id", "words")}


def _labels(assessor: Assessor, lists: dict[int, ScoredList]) -> dict[tuple[int, int], dict[int, str]]:
    """{(answer, topic): {wording: label}} of the nuggets that count."""
    wordings = [nugget.wording for found in lists.values() for nugget in found.nuggets]
    rows = NuggetAssignment.objects.filter(assessor=assessor, wording__in=wordings).order_by()
    given: dict[tuple[int, int], dict[int, str]] = {}
    for answer, topic, wording, label in rows.values_list("answer", "answer__topic", "wording", "label"):
        given.setdefault((answer, topic), {})[wording] = label
    return given


def _scored(bank, assessor, runs, topics, lists, answers, given) -> NuggetScores:
    shape = (len(runs), len(topics))
    row_of, column_of = ({key: place for place, key in enumerate(keys)} for keys in (runs, [t.pk for t in topics]))
    labels = [np.full((len(runs), len(found.nuggets)), UNKNOWN, np.int8) for found in lists]
    answered, complete, lengths = np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape, np.int64)
    label_of = {}
    for pk, answer in answers.items():
        if answer.run.tag not in row_of:
            continue
        row, column = row_of[answer.run.tag], column_of[answer.topic_id]
        said, nuggets = given.get((pk, answer.topic_id), {}), lists[column].nuggets
        answered[row, column], lengths[row, column] = True, answer.words
        complete[row, column] = not answer.words or all(nugget.wording in said for nugget in nuggets)
        for place, nugget in enumerate(nuggets):
            if nugget.wording in said:
                labels[column][row, place] = CODES[said[nugget.wording]]
                label_of[answer.run.tag, topics[column].qid, place] = said[nugget.wording]
    by_topic = [
        answer_scores(of_topic, np.array([nugget.importance == "vital" for nugget in found.nuggets]))
        for of_topic, found in zip(labels, lists, strict=True)
    ]
    unknown = answered & ~complete
    scores = {name: np.column_stack([each[name] for each in by_topic]) for name in RULES}
    for matrix in scores.values():
        matrix[unknown] = np.nan
    return NuggetScores(
        bank,
        assessor,
        runs,
        [topic.qid for topic in topics],
        lists,
        scores,
        answered=answered,
        lengths=lengths,
        unknown=unknown,
        label_of=label_of,
    )
