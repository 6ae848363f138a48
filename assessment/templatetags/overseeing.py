"""Times on the organizer's board. What was not measured is a dash."""

from datetime import date, datetime

from django import template
from django.utils import timezone

from assessment.models import JudgmentState

from .comparing import UNDEFINED

register = template.Library()

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


@register.filter
def state_words(state: str) -> str:
    return JudgmentState(state).label


@register.filter
def when_due(day: date) -> str:
    """The kind of badge for a day by which something is due."""
    return "badge-bad" if day < timezone.localdate() else "badge-quiet"
