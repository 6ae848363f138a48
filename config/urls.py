"""All addresses: each app brings its own."""

from django.contrib import admin
from django.urls import include, path

from config.health import health

urlpatterns = [
    path("healthz/", health, name="health"),
    path("admin/", admin.site.urls),
    path("", include("llm_worker.urls")),
    path("", include("nuggets.urls")),
    path("", include("assessment.urls")),
]
