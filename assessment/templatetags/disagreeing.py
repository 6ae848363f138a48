"""How a passage is drawn on the page of agreement: with the evidence of both assessors."""

from typing import NamedTuple

from django import template
from django.utils.safestring import SafeString

from assessment.models import Assessor, Judgment
from assessment.selectors.disagreements import Disagreement
from assessment.templatetags.adjudicating import passage_paragraphs

register = template.Library()


class Side(NamedTuple):
    """Who is named at his or her evidence, and the judgment that has it."""

    letter: str
    judgment: Judgment


@register.simple_tag
def paragraphs_with_evidence(row: Disagreement, a: Assessor, b: Assessor) -> list[SafeString]:
    return passage_paragraphs(row.document.text, [Side(a.name, row.a), Side(b.name, row.b)], row.topic.query)
