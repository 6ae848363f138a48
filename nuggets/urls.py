"""Addresses of answers, banks of nuggets and their scores."""

from django.urls import path

from .views import scores

urlpatterns = [
    path("tracks/<slug:slug>/nuggets/", scores.nuggets, name="nuggets"),
]
