"""What a job about nuggets is asked to do."""

from django import forms

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Topic, Track
from assessment.selectors.topic_names import topics_called
from llm_worker.forms.limits import LimitsForm
from llm_worker.models import JudgeConfiguration
from llm_worker.services.nugget_jobs import LARGEST, LISTS, ListSettings
from nuggets.models import Bank
from nuggets.services.suggestions import LONGEST_NAME


class _NuggetJobForm(LimitsForm):
    """A judge for the task, and the topics. `seen` is the newest job about nuggets when the form was shown: a second
    click then finds the job of the first."""

    judge = forms.ModelChoiceField(JudgeConfiguration.objects.none(), to_field_name="name", empty_label=None)
    topics = forms.CharField(required=False, label="Topics", help_text="Names with commas; left empty: all.")
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    TASK = ""

    def __init__(self, data=None, *, track: Track, seen: int = 0, prefix: str | None = None):
        super().__init__(data, initial={"seen": seen}, prefix=prefix)
        self.track = track
        self.fields["judge"].queryset = JudgeConfiguration.objects.filter(task=self.TASK)

    def clean_topics(self) -> list[Topic] | None:
        try:
            return topics_called(self.track, self.cleaned_data["topics"].strip() or None)
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error


class ListsForm(_NuggetJobForm):
    """Lists made from relevant passages."""

    TASK = JudgeConfiguration.Task.NUGGETS

    bank_name = forms.CharField(
        required=False, max_length=LONGEST_NAME, label="Bank", help_text="Left empty: called like the judge."
    )
    grades_of = forms.ModelChoiceField(
        Assessor.objects.none(),
        required=False,
        label="Graded by",
        empty_label="anybody but a judge",
        to_field_name="name",
    )
    threshold = forms.TypedChoiceField(coerce=int, empty_value=None, label="At least")
    window = forms.IntegerField(min_value=1, max_value=LARGEST["window"], initial=LISTS.window, label="Passages a call")
    most_nuggets = forms.IntegerField(
        min_value=1, max_value=LARGEST["most_nuggets"], initial=LISTS.most_nuggets, label="Nuggets at most"
    )
    keep = forms.IntegerField(min_value=1, max_value=LARGEST["keep"], initial=LISTS.keep, label="Of them kept")

    SETTINGS = ("grades_of", "threshold", "window", "most_nuggets", "keep")

    def __init__(self, data=None, *, track: Track, **kwargs):
        super().__init__(data, track=track, **kwargs)
        self.fields["grades_of"].queryset = track.assessors.order_by("name")
        grades = [(grade.value, f"{grade.value} {grade.label}".strip()) for grade in track.grades.order_by("value")]
        self.fields["threshold"].choices = grades
        self.initial["threshold"] = track.relevant_from

    def asked(self) -> dict:
        """What a valid form asks the service for."""
        said = self.cleaned_data
        chosen = {name: said[name] for name in self.SETTINGS}
        chosen["grades_of"] = said["grades_of"].name if said["grades_of"] else ""
        named = {name: said[name] for name in ("judge", "topics", "bank_name")}
        return named | {"track": self.track, "settings": ListSettings(**chosen)}

    def setting_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.SETTINGS]


class AssignForm(_NuggetJobForm):
    """Nuggets looked for in answers."""

    TASK = JudgeConfiguration.Task.NUGGET_ASSIGNMENT

    bank = forms.ModelChoiceField(Bank.objects.none(), empty_label=None)

    def __init__(self, data=None, *, track: Track, **kwargs):
        super().__init__(data, track=track, **kwargs)
        self.fields["bank"].queryset = track.banks.order_by("name")

    def asked(self) -> dict:
        """What a valid form asks the service for."""
        return {name: self.cleaned_data[name] for name in ("judge", "bank", "topics")}
