"""What a form is bound to."""

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict


def posted(request: HttpRequest) -> tuple[QueryDict, MultiValueDict] | tuple[None, None]:
    """The posted fields and files, also when all are empty; (None, None) for any other request."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)
