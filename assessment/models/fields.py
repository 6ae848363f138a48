from django.db import models


class RealField(models.FloatField):
    """A 32-bit float: trec_eval compares scores as C floats, so nothing wider is worth keeping."""

    def db_type(self, connection):
        return "real"


class ExactTextField(models.TextField):
    """An identifier from a file (docid, topic id, run tag): compared and sorted byte by byte, as trec_eval does."""

    def __init__(self, *args, **kwargs):
        kwargs["db_collation"] = "C"
        super().__init__(*args, **kwargs)
