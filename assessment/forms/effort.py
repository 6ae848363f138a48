"""What is wanted, and what work costs."""

from django import forms

from assessment.selectors.effort import TARGET


class EffortForm(forms.Form):
    """Every field may be left empty: then it has its default, or the figure that needs it is not told."""

    target = forms.FloatField(required=False, min_value=0, max_value=1, label="τ wanted", initial=TARGET)
    seconds = forms.FloatField(required=False, min_value=0.1, max_value=3600, label="Seconds a judgment")
    hour = forms.FloatField(required=False, min_value=0, max_value=100_000, label="An hour costs")
    thousand = forms.FloatField(required=False, min_value=0, max_value=1_000_000, label="1,000 LLM judgments cost")

    @property
    def wanted(self) -> dict:
        """The values that are given and right."""
        return {name: value for name, value in getattr(self, "cleaned_data", {}).items() if value is not None}
