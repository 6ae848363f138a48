"""What a job is asked to do, and within which limits."""

from django import forms

from llm_worker.forms.limits import LimitsForm
from llm_worker.models import JudgeConfiguration
from llm_worker.services.jobs import LARGEST_LIMIT


class JobForm(LimitsForm):
    """Which judge is asked about a pool, about how many pairs at most, and within which limits.

    `seen` is the pool's newest job when the form was shown: a second click then finds the job of the first.
    """

    judge = forms.ModelChoiceField(JudgeConfiguration.objects.all(), to_field_name="name", empty_label=None)
    limit = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_LIMIT, label="At most")
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def asked(self) -> dict:
        """What a valid form asks the service for."""
        return {name: self.cleaned_data[name] for name in ("judge", "limit", "seen")} | {"limits": self.limits()}
