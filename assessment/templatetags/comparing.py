"""Figures as the dashboards print them. What is undefined is a dash, never a number."""

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

register = template.Library()

UNDEFINED = "–"
_MINUS = "−"


@register.filter
def decimals(value: float | None, places: int = 4) -> str:
    return UNDEFINED if value is None else f"{value:.{places}f}".replace("-", _MINUS)


@register.filter
def signed(value: float | None, places: int = 2) -> str:
    return UNDEFINED if value is None else f"{value:+.{places}f}".replace("-", _MINUS)


@register.filter
def percent(value: float | None, places: int = 1) -> str:
    return UNDEFINED if value is None else f"{100 * value:.{places}f} %"


@register.filter
def points(value: float | None, places: int = 1) -> str:
    """A difference of two shares, in hundredths."""
    return UNDEFINED if value is None else f"{100 * value:+.{places}f}".replace("-", _MINUS)


@register.filter
def thousands(value: int | None) -> str:
    return UNDEFINED if value is None else intcomma(value, use_l10n=False)
