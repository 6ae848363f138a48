"""Which label was in sight when a grade was given: the one place that puts it on record.

Where the suggestion stands beside the passage from the beginning, it was in sight unless the page says otherwise.
Commit, then reveal: a label comes into sight when it is sent to the assessor, with the reply to the grade that reveals
it or, if it comes later, with the passage. From then on the row tells the label and `grade_before_reveal`, the last
grade given before, and neither a later grade nor an undo changes that: who has seen the label has seen it, in this
window or another.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, F, When
from django.utils import timezone

from assessment.models import Duty, DutyItem, Judgment, JudgmentState, Reveal
from assessment.selectors.judging import judging_item
from assessment.selectors.standing import Standing

LONGEST_VISIT = timedelta(days=1)


class Sight(NamedTuple):
    """Of one save: the label that was in sight when the grade was given, whether the page had a key to take it over,
    whether the grade brings a label into sight, and what goes on the row."""

    grade: int | None = None
    acceptable: bool = False
    reveals: bool = False
    record: dict = {}


def save_sight(duty: Duty, standing: Standing, grade: int | None, visit_ms: int, on_page: bool) -> Sight:
    """What this save has in sight. `on_page`: the page says that it showed the suggestion, `visit_ms`: for how long at
    most."""
    if duty.reveal == Reveal.ALWAYS:
        return _always(duty, standing, visit_ms) if on_page and standing.label else Sight()
    if duty.reveal == Reveal.COMMIT_THEN_REVEAL:
        return _committed(duty, standing, grade)
    return Sight()


def passage_show(*, duty: Duty, item: int | None, handed: bool = False) -> DutyItem | None:
    """The passage as its assessor gets to see it (see `judging_item`); a label that comes into sight with it is put on
    record. Whatever sends a single passage to the browser gets it here."""
    found = judging_item(duty, item, handed=handed)
    if found is not None and found.suggestion and duty.reveal == Reveal.COMMIT_THEN_REVEAL:
        grade = found.suggestion["grade"]
        if found.shown_grade != grade:
            _show(duty, found.judgment_id, grade)
    return found


def _always(duty: Duty, standing: Standing, visit_ms: int) -> Sight:
    """In sight since the passage was opened, or since the label came, if later."""
    label = standing.label
    opened = timezone.now() - min(timedelta(milliseconds=visit_ms), LONGEST_VISIT)
    return Sight(label.grade, acceptable=True, record=_shown(duty, label.grade, max(opened, label.created_at)))


def _committed(duty: Duty, standing: Standing, grade: int | None) -> Sight:
    own, seen = standing.own, standing.seen
    open_before = own is not None and own.state == JudgmentState.GRADED
    if own is not None and own.shown_grade is not None:
        return Sight(own.shown_grade, acceptable=open_before, reveals=grade is not None and not open_before)
    if seen is not None:
        record = _shown(duty, seen.grade, seen.at) | {"grade_before_reveal": seen.grade_before}
        return Sight(seen.grade, reveals=grade is not None, record=record)
    if grade is None or standing.label is None:
        return Sight()
    record = _shown(duty, standing.label.grade, timezone.now()) | {"grade_before_reveal": grade}
    return Sight(reveals=True, record=record)


def _show(duty: Duty, judgment: int, grade: int) -> None:
    first = When(suggestion_shown_at__isnull=True, then=F("grade"))
    row = Judgment.with_vigilance.filter(pk=judgment, state=JudgmentState.GRADED)
    row.update(
        **_shown(duty, grade, timezone.now()),
        grade_before_reveal=Case(first, default=F("grade_before_reveal")),
    )


def _shown(duty: Duty, grade: int, at: datetime) -> dict:
    return {
        "suggestion_grade": grade,
        "suggestion_by_id": duty.suggestion_source_id,
        "suggestion_shown_at": at,
    }
