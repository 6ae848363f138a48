"""What a person has to do with nuggets, for the first page; `assessment`, whose page it is, knows nothing of them."""

from django import template
from django.urls import NoReverseMatch, reverse

from assessment.models import User
from nuggets.models import Label, NuggetDuty, NuggetTask
from nuggets.selectors.duties import NuggetWork, nugget_work_of_user

register = template.Library()


@register.simple_tag
def nugget_work_of(user: User) -> list[NuggetWork]:
    """One entry per bank and task; nothing where there is none. At most two queries."""
    return nugget_work_of_user(user)


@register.filter
def work_address(duty: NuggetDuty) -> str:
    """Where the duty is worked on: the answers of its topic, or its list."""
    if duty.task == NuggetTask.ASSIGN:
        return _address("nugget_assign", duty.pk)
    return _address("edit_bank", duty.topic_bank_id)


def _address(name: str, pk: int) -> str:
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


@register.filter
def said(label: str) -> str:
    """A label in words."""
    return Label(label).label if label else ""
