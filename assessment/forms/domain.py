"""A form whose work may be refused with a sentence."""

from collections.abc import Callable

from django import forms

from assessment.domain.errors import DomainError


class DomainForm(forms.Form):
    def attempt(self, service: Callable, **arguments):
        """The service's result; None when it raises DomainError, whose sentence is then the form's error."""
        try:
            return service(**arguments)
        except DomainError as error:
            self.add_error(None, str(error))
            return None
