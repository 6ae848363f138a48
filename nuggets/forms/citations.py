"""Which citations go to which pool."""

from django import forms

from assessment.forms.domain import DomainForm
from assessment.models import Pool, Track
from nuggets.models import AnswerRun
from nuggets.selectors.citations import citing_runs

MOST = 100


class CitationsForm(DomainForm):
    pool = forms.ModelChoiceField(queryset=Pool.objects.none(), empty_label=None, label="Pool")
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
        self.fields["pool"].queryset = track.pools.filter(routed_from=None)
        self.fields["runs"].queryset = runs = citing_runs(track)
        self.fields["runs"].initial = [run.pk for run in runs]

    def wanted(self) -> dict:
        """What the services are asked for."""
        data = self.cleaned_data
        return {"pool": data["pool"], "runs": list(data["runs"]), "most": data["most"]}
