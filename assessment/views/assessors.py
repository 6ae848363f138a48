from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename

from assessment.access import ORGANIZERS, READERS, get_assessor_for_user, get_track_for_user
from assessment.forms.uploads import QrelsUploadForm
from assessment.selectors.exports import qrels_lines
from assessment.selectors.judgment_exports import FORMATS, judgment_lines
from assessment.selectors.overview import assessor_rows
from assessment.services.imports import qrels_import

from .posting import posted
from .uploads import import_each


@login_required
def assessors(request, slug):
    """Everybody who labelled: people, judges, imported qrels. Organizers import and export."""
    track = get_track_for_user(request.user, slug, ORGANIZERS if request.method == "POST" else READERS)
    form = QrelsUploadForm(*posted(request), track=track)
    reports = []
    if request.method == "POST" and form.is_valid():
        options = {name: form.cleaned_data[name] for name in ("assessor_name", "replace", "skip_unknown_topics")}
        reports = import_each(form.cleaned_data["files"], qrels_import, track=track, **options)
    context = {"track": track, "form": form, "reports": reports, "rows": assessor_rows(track)}
    return render(request, "assessment/assessors.html", context)


@login_required
def qrels_export(request, slug, pk):
    """The assessor's judgments as qrels. `?negative=1` writes imported negative grades back, `?conditions=1` how each
    was judged."""
    assessor = get_assessor_for_user(request.user, slug, pk, ORGANIZERS)
    options = {"keep_negative": request.GET.get("negative") == "1"}
    lines = qrels_lines(assessor, condition_codes=request.GET.get("conditions") == "1", **options)
    return streamed(lines, f"{slug}.{assessor.name}.qrels", "text/plain")


@login_required
def judgments_export(request, slug):
    """Every judgment of the track with its whole story, as `?format=jsonl` or `csv`."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = request.GET.get("format", FORMATS[0])
    if form not in FORMATS:
        raise Http404(f"Judgments are exported as {' or '.join(FORMATS)}.")
    kind = "text/csv" if form == "csv" else "application/x-ndjson"
    return streamed(judgment_lines(track, form), f"{slug}.judgments.{form}", kind)


def streamed(lines, name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, get_valid_filename(name))
    return response
