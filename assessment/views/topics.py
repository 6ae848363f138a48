from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import render

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.forms.uploads import UploadForm
from assessment.services.imports import topics_import

from .posting import posted
from .uploads import import_each

PER_PAGE = 100


@login_required
def topics(request, slug):
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = UploadForm(*posted(request))
    reports = []
    if request.method == "POST" and form.is_valid():
        reports = import_each(form.cleaned_data["files"], topics_import, track=track)
    page = Paginator(track.topics.all(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"track": track, "form": form, "reports": reports, "page": page}
    return render(request, "assessment/topics.html", context)
