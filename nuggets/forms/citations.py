"""Which citations go to which pool."""

from django import forms

from assessment.forms.domain import DomainForm
from assessment.models import Pool, Track
from nuggets.models import AnswerRun
from nuggets.selectors.citations import citing_runs

MOST = 100


class CitationsForm(DomainForm):
    pool = forms.ModelChoiceField(queryset=Pool.objects.none(), required=False, empty_label="a new pool", label="Pool")
    name = forms.CharField(
        required=False,
        max_length=Pool._meta.get_field("name").max_length,
        label="Name of a new pool",
        help_text="For example citations. Another pool keeps to the topics that it was made for.",
    )
    runs = forms.ModelMultipleChoiceField(
        queryset=AnswerRun.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        label="Runs of answers",
        error_messages={"required": "Tick the runs whose citations are to be judged."},
    )
    most = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST,
        label="Citations of each sentence",
        help_text="The strongest so many, in the file’s order; empty: all.",
    )
    leave_out_unknown = forms.BooleanField(
        required=False,
        label="Leave out documents that the collection does not have",
        help_text="Otherwise one such citation refuses all.",
    )

    def __init__(self, data=None, *, track: Track):
        super().__init__(data)
        self.track = track
        self.fields["pool"].queryset = track.pools.filter(routed_from=None)
        self.fields["runs"].queryset = runs = citing_runs(track)
        self.fields["runs"].initial = [run.pk for run in runs]

    def clean(self):
        cleaned = super().clean()
        if "pool" in cleaned and not cleaned["pool"] and not cleaned.get("name"):
            self.add_error("name", "Choose a pool, or name a new one.")
        return cleaned

    def wanted(self) -> dict:
        """Which citations the services are asked for."""
        return {"runs": list(self.cleaned_data["runs"]), "most": self.cleaned_data["most"]}
