"""What a job is asked to do, and within which limits."""

from django import forms

from assessment.forms.uploads import ManyFilesField
from llm_worker.forms.limits import LimitsForm
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.services.jobs import LARGEST_LIMIT


class JobForm(LimitsForm):
    """Which judge is asked about a pool, by workers or by files, about how many pairs at most, within which limits.

    `seen` is the pool's newest job when the form was shown: a second click then finds the job of the first.
    """

    judge = forms.ModelChoiceField(
        JudgeConfiguration.objects.filter(task="relevance"), to_field_name="name", empty_label=None
    )
    mode = forms.ChoiceField(
        choices=[
            (LlmJob.Mode.WORKERS.value, "by workers"),
            (LlmJob.Mode.BATCH.value, "by files"),
        ],
        required=False,
        label="Asked",
    )
    limit = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_LIMIT, label="At most")
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or LlmJob.Mode.WORKERS

    def asked(self) -> dict:
        """What a valid form asks the service for."""
        return {name: self.cleaned_data[name] for name in ("judge", "mode", "limit", "seen")} | {
            "limits": self.limits()
        }


class RepliesForm(forms.Form):
    """What came back for a job by files."""

    files = ManyFilesField(
        label="Results, and errors where they are a file of their own",
        error_messages={"required": "Choose at least one file."},
    )
