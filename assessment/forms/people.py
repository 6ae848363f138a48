"""People of a track."""

from django import forms

from assessment.models import Role, User

from .domain import DomainForm


class MemberForm(DomainForm):
    """Gives somebody who has an account a role."""

    username = forms.CharField(max_length=150, help_text="Of an account that exists.")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ASSESSOR)

    def clean_username(self):
        username = self.cleaned_data["username"]
        self.user = User.objects.filter(username=username).first()
        if self.user is None:
            raise forms.ValidationError(f"There is no account named {username}; make one below.")
        return username


class AccountForm(DomainForm):
    """Makes an account and gives it a role."""

    username = forms.CharField(max_length=150, help_text="Letters, digits and @ . + - _")
    full_name = forms.CharField(max_length=150, required=False)
    email = forms.EmailField(required=False)
    role = forms.ChoiceField(choices=Role.choices, initial=Role.ASSESSOR)


class RoleForm(DomainForm):
    """Changes or withdraws the role of somebody on the track."""

    user = forms.ModelChoiceField(queryset=None)
    role = forms.ChoiceField(choices=Role.choices, required=False)

    def __init__(self, data=None, *, track):
        super().__init__(data)
        self.fields["user"].queryset = User.objects.filter(memberships__track=track)
