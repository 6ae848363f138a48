"""What a person has to do with nuggets, for the first page (`assessment`, whose page it is, knows nothing of them), and
where a topic's labels stand."""

from django import template
from django.urls import NoReverseMatch, reverse

from assessment.models import Assessor, Topic, User
from nuggets.models import Bank, Label, NuggetDuty, NuggetTask, TopicBank
from nuggets.selectors.duties import NuggetWork, nugget_work_of_user

register = template.Library()


@register.simple_tag
def nugget_work_of(user: User) -> list[NuggetWork]:
    """One entry per bank and task; nothing where there is none. At most two queries."""
    return nugget_work_of_user(user)


@register.simple_tag
def grid_address(bank: Bank, topic: Topic, assessor: Assessor) -> str:
    """Where a topic's nuggets stand by runs, under this assessor's labels. One query."""
    pk = TopicBank.objects.filter(bank=bank, topic=topic).values_list("pk", flat=True).get()
    return f"{reverse('nugget_grid', args=[topic.track.slug, pk])}?assessor={assessor.pk}"


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
