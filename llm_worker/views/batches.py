"""Jobs by files: their requests as a download, the replies as an upload."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from assessment.access import ORGANIZERS
from assessment.domain.errors import DomainError
from assessment.views.uploads import import_each
from llm_worker.domain.batch_files import zipped_parts
from llm_worker.forms import RepliesForm
from llm_worker.models import LlmJob
from llm_worker.selectors.batches import batch_name
from llm_worker.services.batches import batch_import, batch_lines
from llm_worker.views.jobs import get_job_for_user, job_context


@login_required
@require_GET
def batch_requests(request, pk):
    """The questions without a reply, as one file or, with `?parts=1`, as an archive of parts that OpenAI takes."""
    job = get_job_for_user(request.user, pk, ORGANIZERS)
    try:
        lines = batch_lines(job=job)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("job", pk)
    name = batch_name(job)
    if request.GET.get("parts") == "1":
        return _download(zipped_parts(lines, name), f"{name}.zip", "application/zip")
    return _download(lines, f"{name}.jsonl", "application/x-ndjson; charset=utf-8")


def _download(content, name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


@login_required
@require_POST
def batch_replies(request, pk):
    """Store what came back: results, and errors where they are a file of their own. Shows the job's page."""
    job = get_job_for_user(request.user, pk, ORGANIZERS)
    if job.mode != LlmJob.Mode.BATCH:
        raise Http404("This job is asked by the workers, not by files.")
    form = RepliesForm(request.POST, request.FILES)
    reports = []
    if form.is_valid():
        reports = import_each(form.cleaned_data["files"], batch_import, track=job.track, job=job)
        job.refresh_from_db(fields=["halted_because", "halted_by"])
    return render(request, "llm_worker/job.html", job_context(request, job) | {"replies": form, "reports": reports})
