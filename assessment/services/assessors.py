"""What is declared of assessors."""

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.model_families import declared
from assessment.models import Assessor


@transaction.atomic
def assessor_declare_models(*, assessor: Assessor, language_models: str) -> Assessor:
    """Say which language models are behind imported labels; empty for none. DomainError for assessors that are known
    to be people or judges, and for a declaration that is too long."""
    if assessor.kind != Assessor.Kind.IMPORTED:
        raise DomainError(f"{assessor.name} is not imported: what is behind it is known.")
    said = ", ".join(declared(language_models))
    longest = Assessor._meta.get_field("language_models").max_length
    if len(said) > longest:
        raise DomainError(f"The models are told in at most {longest} characters.")
    assessor.language_models = said
    assessor.save(update_fields=["language_models"])
    return assessor
