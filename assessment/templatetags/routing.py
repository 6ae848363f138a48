from django import template

from assessment.domain.routing import ENTROPY

register = template.Library()


@register.filter
def rule_in_words(routing: dict) -> str:
    """`a confidence below 0.6`, `an entropy above 1.2 bits`."""
    if routing["signal"] == ENTROPY:
        return f"an entropy above {routing['threshold']:g} bits"
    return f"a {routing['signal']} below {routing['threshold']:g}"
