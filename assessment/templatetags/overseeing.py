"""Times on the organizer's board. What was not measured is a dash."""

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from assessment.models import Condition, JudgmentState
from assessment.selectors.board import Cell, Row

from .comparing import UNDEFINED, percent

register = template.Library()

_CONDITIONS = dict(Condition.choices)
_MINUTE, _HOUR = 60, 3600


@register.filter
def length_of_time(milliseconds: float | None) -> str:
    """21 s, 3 min, 4 h 10 min, 130 h."""
    if milliseconds is None:
        return UNDEFINED
    seconds = milliseconds / 1000
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes} min"
    hours, rest = divmod(minutes, _MINUTE)
    return f"{round(seconds / _HOUR)} h" if hours >= 10 or not rest else f"{hours} h {rest} min"


@register.filter
def ago(moment: datetime | None) -> str:
    """just now, 4 min ago, 3 h ago, 2 days ago."""
    if moment is None:
        return UNDEFINED
    seconds = (timezone.now() - moment).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min ago"
    hours = seconds // _HOUR
    return f"{hours:.0f} h ago" if hours < 48 else f"{hours // 24:.0f} days ago"


@register.simple_tag
def cells(row: Row, duties_url: str) -> SafeString:
    """A topic's cells. In Python, because a board may have thousands of them: a template would take a second."""
    return mark_safe("".join(_cell(cell, duties_url) if cell else "<td></td>" for cell in row.cells))


def _cell(cell: Cell, duties_url: str) -> str:
    """Every word in it is one of ours; a name would have to be escaped."""
    same = f"{percent(cell.equal_share, 0)} of {cell.compared} same" if cell.compared else ""
    condition = _CONDITIONS[cell.duty.condition]  # get_condition_display takes as long as all the rest
    return (
        f'<td><a class="cell" id="cell-{cell.duty.pk}" data-live data-state="{cell.state}" '
        f'href="{duties_url}{cell.duty.pk}/">'
        f'<progress class="progress" max="{cell.size or 1}" value="{cell.done}" aria-hidden="true"></progress>'
        f'<span class="num cell-count">{cell.done}/{cell.size}</span> <span class="cell-state">{cell.state}</span> '
        f'<span class="cell-condition">{condition}</span> '
        f'<span class="cell-ago">{ago(cell.last_at) if cell.last_at else ""}</span> '
        f'<span class="cell-more num">{same}</span></a></td>'
    )


@register.filter
def state_words(state: str) -> str:
    return JudgmentState(state).label


@register.filter
def when_due(day: date) -> str:
    """The kind of badge for a day by which something is due."""
    return "badge-bad" if day < timezone.localdate() else "badge-quiet"
