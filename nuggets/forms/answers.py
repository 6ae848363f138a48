"""Runs of answers to upload."""

from django import forms

from assessment.forms.uploads import UploadForm
from nuggets.domain.profiles import profiles


class AnswerUploadForm(UploadForm):
    profile_name = forms.ChoiceField(
        required=False,
        label="Submission profile",
        help_text="The rules of the files: limits, docids, kinds of citations.",
    )

    def __init__(self, data=None, files=None):
        super().__init__(data, files)
        chosen = [(profile.name, profile.label) for profile in profiles().values()]
        self.fields["profile_name"].choices = [("", "the track’s latest, or by form"), *chosen]
