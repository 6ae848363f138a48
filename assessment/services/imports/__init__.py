"""Files into the database, one module a kind: a file goes in whole or not at all."""

from .documents import documents_import
from .plans import plan_import
from .qrels import qrels_import
from .result import ImportResult
from .run_details import run_details_import
from .runs import run_import
from .topics import topics_import

__all__ = [
    "ImportResult",
    "documents_import",
    "plan_import",
    "qrels_import",
    "run_details_import",
    "run_import",
    "topics_import",
]
