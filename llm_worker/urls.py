from django.urls import path

from .views import calibration, jobs, judges

urlpatterns = [
    path("judges/", judges.judges, name="judges"),
    path("tracks/<slug:slug>/judges/<int:pk>/", calibration.calibration, name="calibration"),
    path("tracks/<slug:slug>/pools/<int:pk>/jobs/", jobs.job_create, name="job_create"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/progress/", jobs.job_progress, name="job_progress"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("jobs/<int:pk>/resume/", jobs.job_resume, name="job_resume"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job_retry"),
]
