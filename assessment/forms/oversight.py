"""What an organizer asks for on the board."""

from django import forms

from assessment.forms.domain import DomainForm
from assessment.forms.pools import PersonChoice, people_who_judge
from assessment.models import Assessor, Condition, Duty, User
from assessment.selectors.board import Filter
from assessment.services.oversight import Handover, duties_extend, duty_reassign, duty_reopen, handover_of
from assessment.services.people import assessor_ensure

REST, WHOLE = "rest", "whole"


class BoardFilterForm(forms.Form):
    """What the address narrows the board to; what makes no sense narrows nothing."""

    person = forms.IntegerField(required=False)
    condition = forms.ChoiceField(choices=Condition, required=False)
    open = forms.BooleanField(required=False)

    def filter(self) -> Filter:
        self.is_valid()
        found = self.cleaned_data
        return Filter(found.get("person"), found.get("condition", ""), bool(found.get("open")))


class HandoverForm(DomainForm):
    """To whom the rest of a topic goes. `holder` is the assessor who had it when the page was shown."""

    to = PersonChoice(queryset=None, empty_label="Choose a person", label="Give the topic to")
    what = forms.ChoiceField(
        choices=[(REST, "what is still open"), (WHOLE, "the whole topic, to judge anew")],
        initial=REST,
        widget=forms.RadioSelect,
        label="Of it",
    )
    holder = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, duty: Duty):
        super().__init__(data, initial={"holder": duty.assessor_id})
        self.duty = duty
        people = people_who_judge(duty.pool.track)
        # A repeated press names whoever has the duty since the first one: the service knows.
        self.fields["to"].queryset = people if self.is_bound else people.exclude(pk=duty.assessor.user_id)

    def preview(self) -> Handover | None:
        """What would happen; None, with the sentence in the form, where it would be refused."""
        user = self.cleaned_data["to"]
        track = self.duty.pool.track
        to = track.assessors.filter(user=user).first()
        to = to or Assessor(track=track, kind=Assessor.Kind.HUMAN, name=user.username, user=user)
        return self.attempt(handover_of, duty=self.duty, to=to, only_open=self._only_open)

    def apply(self, by: User) -> Duty | None:
        """The other's duty; None, with the sentence in the form, where it is refused."""
        return self.attempt(self._apply, by=by)

    @property
    def _only_open(self) -> bool:
        return self.cleaned_data["what"] == REST

    def _apply(self, by: User) -> Duty:
        to = assessor_ensure(track=self.duty.pool.track, user=self.cleaned_data["to"])
        shown = self.cleaned_data["holder"]
        if shown is not None and shown != self.duty.assessor_id:
            # A second press, or somebody else was quicker: the service tells them apart.
            self.duty.assessor_id = shown
        return duty_reassign(duty=self.duty, to=to, by=by, only_open=self._only_open)


class ExtendForm(DomainForm):
    """A day, or none, for one duty or for more at once."""

    due_on = forms.DateField(
        required=False, label="Due on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    of = forms.ChoiceField(
        choices=[("duty", "this topic"), ("person", "all topics of the person"), ("topic", "the topic, of everybody")],
        initial="duty",
        widget=forms.RadioSelect,
        label="For",
    )

    def __init__(self, data=None, *, duty: Duty):
        super().__init__(data, initial={"due_on": duty.due_on})
        self.duty = duty
        name = duty.assessor.name
        self.fields["of"].choices = [
            ("duty", f"topic {duty.topic.qid} of {name}"),
            ("person", f"all topics of {name} in this pool"),
            ("topic", f"topic {duty.topic.qid}, of everybody"),
        ]

    def apply(self, by: User) -> int | None:
        return self.attempt(duties_extend, duties=self._duties(), due_on=self.cleaned_data["due_on"], by=by)

    def _duties(self):
        same_pool = Duty.objects.filter(pool=self.duty.pool_id)
        return {
            "duty": same_pool.filter(pk=self.duty.pk),
            "person": same_pool.filter(assessor=self.duty.assessor_id),
            "topic": same_pool.filter(topic=self.duty.topic_id),
        }[self.cleaned_data["of"]]


class ReopenForm(DomainForm):
    message = forms.CharField(
        required=False, max_length=1000, strip=True, widget=forms.Textarea(attrs={"rows": 2}), label="Message"
    )

    def __init__(self, data=None, *, duty: Duty):
        super().__init__(data, initial={"message": duty.message})
        self.duty = duty
        self.fields["message"].label = f"A word to {duty.assessor.name}"

    def apply(self, by: User) -> Duty | None:
        return self.attempt(duty_reopen, duty=self.duty, by=by, message=self.cleaned_data["message"])
