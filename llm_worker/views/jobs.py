"""The jobs of judges."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from assessment.access import ORGANIZERS, READERS, get_pool_for_user, role_in_track
from assessment.domain.errors import DomainError
from llm_worker import selectors
from llm_worker.domain.limits import Limits
from llm_worker.forms import JobForm, LimitsForm, RepliesForm
from llm_worker.models import LlmJob
from llm_worker.selectors.batches import batch_files
from llm_worker.selectors.nugget_jobs import topic_lines
from llm_worker.services import jobs
from llm_worker.services.estimates import estimate
from llm_worker.services.judges import judge_check_mode
from llm_worker.services.starting import job_start

FAILURES_A_PAGE = 25
SUCCESSES_SHOWN = 5


def get_job_for_user(user, pk: int, roles=READERS) -> LlmJob:
    """A job of a track that the user may read (or organize, with other `roles`); Http404 otherwise."""
    job = LlmJob.objects.select_related("track", "pool", "bank", "judge", "assessor").filter(pk=pk).first()
    role = job and role_in_track(user, job.track)
    if role not in roles:
        raise Http404("There is no such job, or it is not yours.")
    job.track.role = role
    return job


@login_required
@require_http_methods(["GET", "POST"])
def job_create(request, slug, pk):
    """GET: the pool's jobs with the form for a new one, a fragment of the pool's page. POST: start a job."""
    pool = get_pool_for_user(request.user, slug, pk)
    newest = LlmJob.objects.filter(pool=pool).values_list("pk", flat=True).first() or 0
    form = JobForm(request.POST or None, initial={"seen": newest})
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("job", job_start(pool=pool, by=request.user, **form.asked()).pk)
        except DomainError as error:
            form.add_error(None, str(error))
    found = selectors.jobs_of_pool(pool)
    unfinished = any(not progress.finished for progress in found)
    context = {"track": pool.track, "pool": pool, "form": form, "jobs": found, "any_unfinished": unfinished}
    template = "llm_worker/_pool_jobs.html" if request.htmx else "llm_worker/pool_jobs.html"
    return render(request, template, context)


@login_required
@require_GET
def job_estimate(request, slug, pk):
    """What the job that the form describes would take, a fragment of the form."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = JobForm(request.GET)
    context = {"track": pool.track, "pool": pool, "error": "Fill in the form to see what it would take."}
    if form.is_valid():
        try:
            judge = form.cleaned_data["judge"]
            judge_check_mode(judge=judge, mode=form.cleaned_data["mode"])
            context["estimate"] = estimate(pool=pool, judge=judge, limit=form.cleaned_data["limit"])
        except DomainError as error:
            context["error"] = str(error)
    return render(request, "llm_worker/_job_estimate.html", context)


@login_required
@require_GET
def job(request, pk):
    return render(request, "llm_worker/job.html", job_context(request, get_job_for_user(request.user, pk)))


def job_context(request, job: LlmJob) -> dict:
    """What the page of a job shows; for the organizer of a job by files, those too."""
    failures = Paginator(selectors.failed_calls(job), FAILURES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "track": job.track,
        "job": job,
        "progress": selectors.job_progress(job),
        "report": selectors.job_report(job),
        "failures": failures,
        "successes": selectors.successes_to_read(job, SUCCESSES_SHOWN),
        "limits_form": _limits_form(job),
    }
    if job.bank_id is not None:
        context |= {"topic_lines": topic_lines(job), "tab": "nugget_jobs"}
    if job.mode == LlmJob.Mode.BATCH and job.track.role in ORGANIZERS:
        context |= {"files": batch_files(job), "replies": RepliesForm()}
    return context


def _limits_form(job: LlmJob, data=None) -> LimitsForm:
    """The job's limits as they stand, or as somebody filled them in."""
    stand = {name: getattr(job, name) for name in ("max_tokens", "max_cost", "max_failures")}
    return LimitsForm(data, initial=stand | {"max_minutes": job.max_seconds and -(-job.max_seconds // 60)})


@login_required
@require_GET
def job_progress(request, pk):
    job = get_job_for_user(request.user, pk)
    progress = selectors.job_progress(job)
    context = {"track": job.track, "job": job, "progress": progress, "limits_form": _limits_form(job)}
    response = render(request, "llm_worker/_job_progress.html", context)
    # The page then fetches the rest of itself once more: failures, grades, figures.
    return trigger_client_event(response, "job-finished") if progress.finished else response


@login_required
@require_POST
def job_pause(request, pk):
    return _act(request, pk, lambda job: jobs.job_pause(job=job))


@login_required
@require_POST
def job_cancel(request, pk):
    return _act(request, pk, lambda job: jobs.job_cancel(job=job))


@login_required
@require_POST
def job_resume(request, pk):
    return _act(request, pk, lambda job: jobs.job_resume(job=job, limits=_new_limits(request, job)))


def _new_limits(request, job: LlmJob) -> Limits | None:
    """None where the form for them was not sent. Raises DomainError for what is no limit."""
    if "limits" not in request.POST:
        return None
    form = _limits_form(job, request.POST)
    if not form.is_valid():
        raise DomainError(" ".join(f"{form[name].label}: {' '.join(said)}" for name, said in form.errors.items()))
    return form.limits()


@login_required
@require_POST
def job_retry(request, pk):
    return _act(request, pk, lambda job: jobs.job_retry(job=job, by=request.user))


def _act(request, pk, action):
    """Do it, for organizers; show the job, or the new job that it made."""
    job = get_job_for_user(request.user, pk, roles=("organizer",))
    try:
        made = action(job)
    except DomainError as error:
        messages.error(request, str(error))
        made = None
    return redirect("job", (made or job).pk)
