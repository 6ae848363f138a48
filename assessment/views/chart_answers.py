"""A chart of a page as a file to download."""

from django.http import HttpResponse, QueryDict

from assessment.chart_files import CONTENT_TYPES, chart_file


def chart_answer(spec: dict, name: str, query: QueryDict) -> HttpResponse:
    """The chart in the format that the address asks for, PDF unless it says so. DomainError for another format."""
    format = query.get("format", "pdf")
    body = chart_file(spec, format)
    answer = HttpResponse(body, content_type=CONTENT_TYPES[format])
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    answer["Content-Disposition"] = f'attachment; filename="{plain.encode("ascii", "replace").decode()}.{format}"'
    return answer
