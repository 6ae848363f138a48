from django.urls import path

from . import views

urlpatterns = [
    path("judges/", views.judges, name="judges"),
    path("tracks/<slug:slug>/pools/<int:pk>/jobs/", views.job_create, name="job_create"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/progress/", views.job_progress, name="job_progress"),
    path("jobs/<int:pk>/cancel/", views.job_cancel, name="job_cancel"),
    path("jobs/<int:pk>/resume/", views.job_resume, name="job_resume"),
    path("jobs/<int:pk>/retry/", views.job_retry, name="job_retry"),
]
