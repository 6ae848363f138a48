from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.forms.uploads import UploadForm
from assessment.selectors.documents import document_counts, documents_from
from assessment.services.imports import documents_import

from .posting import posted
from .uploads import import_each


@login_required
def documents(request, slug):
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = UploadForm(*posted(request))
    reports = []
    if request.method == "POST" and form.is_valid():
        reports = import_each(form.cleaned_data["files"], documents_import, track=track)
    start, after = request.GET.get("start", "").strip(), request.GET.get("after", "")
    context = {
        "track": track,
        "form": form,
        "reports": reports,
        "counts": document_counts(track),
        "page": documents_from(track, start=start, after=after),
        "start": start,
        "after": after,
    }
    return render(request, "assessment/documents.html", context)
