"""Addresses of answers, banks of nuggets and their scores."""

from django.urls import path

from .views import answers, scores

urlpatterns = [
    path("tracks/<slug:slug>/nuggets/", scores.nuggets, name="nuggets"),
    path("tracks/<slug:slug>/answers/", answers.answers, name="answers"),
    path("tracks/<slug:slug>/answers/<int:pk>/", answers.answer_run, name="answer_run"),
]
