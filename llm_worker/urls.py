from django.urls import path

from .views import batches, calibration, comparing, jobs, judges, nugget_jobs

urlpatterns = [
    path("judges/", judges.judges, name="judges"),
    path("judges/new/", judges.judge_new, name="judge_new"),
    path("judges/<int:pk>/terms/", judges.judge_terms, name="judge_terms"),
    path("tracks/<slug:slug>/judges/compare/", comparing.judges_compare, name="judges_compare"),
    path("tracks/<slug:slug>/judges/trial/", comparing.judges_trial, name="judges_trial"),
    path("tracks/<slug:slug>/judges/<int:pk>/", calibration.calibration, name="calibration"),
    path("tracks/<slug:slug>/pools/<int:pk>/jobs/", jobs.job_create, name="job_create"),
    path("tracks/<slug:slug>/pools/<int:pk>/jobs/estimate/", jobs.job_estimate, name="job_estimate"),
    path("tracks/<slug:slug>/nuggets/jobs/", nugget_jobs.nugget_jobs, name="nugget_jobs"),
    path("tracks/<slug:slug>/nuggets/jobs/lists/", nugget_jobs.nugget_lists_start, name="nugget_lists_start"),
    path("tracks/<slug:slug>/nuggets/jobs/labels/", nugget_jobs.nugget_labels_start, name="nugget_labels_start"),
    path("tracks/<slug:slug>/nuggets/jobs/estimate/", nugget_jobs.nugget_job_estimate, name="nugget_job_estimate"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/progress/", jobs.job_progress, name="job_progress"),
    path("jobs/<int:pk>/pause/", jobs.job_pause, name="job_pause"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("jobs/<int:pk>/resume/", jobs.job_resume, name="job_resume"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job_retry"),
    path("jobs/<int:pk>/requests/", batches.batch_requests, name="batch_requests"),
    path("jobs/<int:pk>/replies/", batches.batch_replies, name="batch_replies"),
]
