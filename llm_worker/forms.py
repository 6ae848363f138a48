from django import forms

from llm_worker.models import JudgeConfiguration
from llm_worker.services.jobs import LARGEST_LIMIT


class JobForm(forms.Form):
    """Which judge is asked about a pool, and how many items at most."""

    judge = forms.ModelChoiceField(JudgeConfiguration.objects.all(), to_field_name="name", empty_label=None)
    limit = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_LIMIT, label="At most")
