"""A topic's passages as one list, each with the suggestion: for duties that show suggestions from the beginning."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, F, JSONField, Q, QuerySet, Window
from django.db.models.functions import Coalesce, Left, RowNumber

from assessment.models import Condition, Duty, DutyItem, Reveal
from assessment.selectors.judging import DONE, Progress, duty_items, is_served, item_order, suggested_label

EXCERPT = 320  # characters of a passage in its row, before it is expanded


class Suggestion(NamedTuple):
    grade: int
    confidence: float | None


class ListRow(NamedTuple):
    """A passage in the list. `state` is empty for unjudged; `excerpt` is None where no text is loaded."""

    pk: int
    number: int
    title: str
    docid: str
    excerpt: str | None
    state: str
    grade: int | None
    suggestion: Suggestion | None

    @property
    def open(self) -> bool:
        """Whether its suggestion can be accepted together with others."""
        return self.state == "" and self.suggestion is not None


class RowFilter(NamedTuple):
    """Which rows are shown. `suggested`: this grade; the confidences are limits, and a label without one is in
    neither range; `words`: somewhere in the docid, the title or the text."""

    suggested: int | None = None
    at_least: float | None = None
    at_most: float | None = None
    unjudged: bool = False
    words: str = ""

    def takes(self, row: ListRow) -> bool:
        grade, confidence = row.suggestion or (None, None)
        return (
            (self.suggested is None or grade == self.suggested)
            and (self.at_least is None or (confidence is not None and confidence >= self.at_least))
            and (self.at_most is None or (confidence is not None and confidence <= self.at_most))
            and not (self.unjudged and row.state)
        )


class Listed(NamedTuple):
    """The rows that are shown, and how far the whole duty is."""

    rows: list[ListRow]
    progress: Progress

    @property
    def open(self) -> list[ListRow]:
        return [row for row in self.rows if row.open]

    @property
    def by_grade(self) -> list[tuple[int, int]]:
        """(suggested grade, how many rows could be accepted with it), grades ascending."""
        return sorted(Counter(row.suggestion.grade for row in self.open).items())


def why_not_listed(duty: Duty) -> str:
    """The sentence that says why this duty has no list; empty where it has one."""
    if duty.condition != Condition.POST_EDIT or duty.reveal != Reveal.ALWAYS:
        return "A list with suggestions is for duties that show them from the beginning; this one does not."
    if is_served(duty):
        return (
            "A list is for duties that show the whole topic from the beginning. "
            "The passages of this one are handed out one after the other."
        )
    return ""


def duty_list(duty: Duty, shown: RowFilter = RowFilter()) -> Listed:  # noqa: B008 (it cannot be changed)
    """The rows of a duty that has a list, in its order and with the numbers of the judging page. One query."""
    rows = _labelled(duty).annotate(
        number=Window(RowNumber(), order_by=item_order(duty)), excerpt=Left("document__text", EXCERPT)
    )
    if shown.words:  # as an annotation: rows that a WHERE took away would not be numbered
        rows = rows.annotate(has_words=_contains(shown.words))
    every = rows.order_by(*item_order(duty)).values(
        "item", "number", "document__title", "document__docid", "excerpt", "state", "grade", "label",
        *(["has_words"] if shown.words else []),
    )  # fmt: skip
    listed, done, total = [], 0, 0
    for found in every:
        total += 1
        done += found["state"] in DONE
        row = _row(found)
        if found.get("has_words", True) and shown.takes(row):
            listed.append(row)
    return Listed(listed, Progress(done, total))


def labelled_items(duty: Duty, keys: Iterable[int]) -> list[DutyItem]:
    """Those passages of the duty that have these keys, each with `.label`: {grade, …} or None. One query."""
    return list(_labelled(duty).filter(item__in=list(keys)).order_by("item"))


def _labelled(duty: Duty) -> QuerySet[DutyItem]:
    label = Coalesce(F("item__planted"), suggested_label(duty), output_field=JSONField())
    return duty_items(duty).annotate(label=label)


def _contains(words: str) -> ExpressionWrapper:
    somewhere = Q(document__title__icontains=words) | Q(document__docid__icontains=words)
    return ExpressionWrapper(
        somewhere | Q(document__text__isnull=False, document__text__icontains=words), output_field=BooleanField()
    )


def _row(found: dict) -> ListRow:
    label = found["label"]
    return ListRow(
        pk=found["item"],
        number=found["number"],
        title=found["document__title"],
        docid=found["document__docid"],
        excerpt=found["excerpt"],
        state=found["state"],
        grade=found["grade"],
        suggestion=Suggestion(label["grade"], label.get("confidence")) if label else None,
    )
