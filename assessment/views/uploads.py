"""What an upload says, file by file. Each file is stored whole or not at all, whatever becomes of the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.core.files.uploadedfile import UploadedFile

from assessment.domain.errors import DomainError, FileError, Problem
from assessment.services.imports import ImportResult

SHOWN = 100


@dataclass(frozen=True)
class UploadReport:
    """`colour` is ok (stored), warn (stored, with warnings) or bad (refused)."""

    name: str
    colour: str
    status: str
    summary: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def shown(self) -> list[Problem]:
        return self.problems[:SHOWN]

    @property
    def hidden(self) -> int:
        return max(0, len(self.problems) - SHOWN)

    @property
    def as_text(self) -> str:
        return "\n".join(map(str, self.problems))


def import_each(files: Iterable[UploadedFile], service: Callable[..., ImportResult], **arguments) -> list[UploadReport]:
    """One report per file, in the order given."""
    return [_import_one(file, service, arguments) for file in files]


def _import_one(file: UploadedFile, service: Callable[..., ImportResult], arguments: dict) -> UploadReport:
    try:
        result = service(source=file, name=file.name, **arguments)
    except FileError as error:
        return UploadReport(file.name, "bad", "refused", _without_name(file, error), error.problems)
    except DomainError as error:
        return UploadReport(file.name, "bad", "refused", _without_name(file, error))
    colour = "warn" if result.warnings else "ok"
    return UploadReport(file.name, colour, result.status, result.summary, result.warnings)


def _without_name(file: UploadedFile, error: DomainError) -> str:
    """The report names the file already."""
    return str(error).removeprefix(f"{file.name}: ")
