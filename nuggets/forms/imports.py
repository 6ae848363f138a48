"""Files of nuggets and of assignments to upload."""

from django import forms

from assessment.forms.uploads import UploadForm
from nuggets.models import Bank, BankCondition

LONGEST_NAME = Bank._meta.get_field("name").max_length


class NuggetUploadForm(UploadForm):
    """Lists of nuggets, one a topic."""

    bank_name = forms.CharField(
        max_length=LONGEST_NAME, label="Bank", help_text="Of these nuggets, for example auto. It is made on first use."
    )
    condition = forms.ChoiceField(
        choices=BankCondition,
        initial=BankCondition.MANUAL,
        label="Made",
        help_text="How the nuggets of a new bank were made.",
    )
    field_order = ("bank_name", "condition", "files")


class AssignmentUploadForm(UploadForm):
    """Answers with nuggets and what they say of each."""

    assessor_name = forms.CharField(
        max_length=LONGEST_NAME,
        label="Whose labels",
        help_text="A name for the assessor, for example nist. It is made on first use.",
    )
    bank_name = forms.CharField(
        required=False,
        max_length=LONGEST_NAME,
        label="Bank of the nuggets",
        help_text="Otherwise it has the assessor’s name.",
    )
    condition = forms.ChoiceField(
        choices=BankCondition,
        initial=BankCondition.MANUAL,
        label="Made",
        help_text="How the nuggets of a new bank were made.",
    )
    replace = forms.BooleanField(
        required=False,
        label="Replace this assessor’s labels of these nuggets",
        help_text="Otherwise other labels than those that are there are refused.",
    )
    field_order = ("assessor_name", "bank_name", "condition", "files", "replace")
