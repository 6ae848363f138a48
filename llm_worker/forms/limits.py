"""The most that a job may use."""

from django import forms

from llm_worker.domain.limits import Limits

LARGEST_COUNT = 10**15
LARGEST_SPAN = 10**6  # minutes, about two years
LARGEST_FAILURES = 10**6


class LimitsForm(forms.Form):
    """A job's limits; an empty field is none."""

    max_tokens = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_COUNT, label="Tokens")
    max_cost = forms.DecimalField(required=False, min_value=0, max_digits=12, decimal_places=4, label="Cost")
    max_minutes = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_SPAN, label="Minutes")
    max_failures = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_FAILURES, label="Failed calls")

    LIMITS = ("max_tokens", "max_cost", "max_minutes", "max_failures")

    def clean_max_cost(self):
        cost = self.cleaned_data["max_cost"]
        if cost == 0:
            raise forms.ValidationError("A limit of nothing would ask nothing.")
        return cost

    def limits(self) -> Limits:
        """The limits of a valid form."""
        asked = self.cleaned_data
        minutes = asked["max_minutes"]
        return Limits(asked["max_tokens"], asked["max_cost"], minutes and minutes * 60, asked["max_failures"])

    def limit_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.LIMITS]

    @property
    def has_limits(self) -> bool:
        """Whether one is filled in, or refused: then they are not folded away."""
        return any(self[name].value() or self[name].errors for name in self.LIMITS)
