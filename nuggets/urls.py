"""Addresses of answers, banks of nuggets and their scores."""

from django.urls import path

from .views import answers, assigning, citations, comparing, duties, files, grid, scores, topics

urlpatterns = [
    path("tracks/<slug:slug>/nuggets/", scores.nuggets, name="nuggets"),
    path("tracks/<slug:slug>/nuggets/topics/", topics.nugget_topics, name="nugget_topics"),
    path("tracks/<slug:slug>/nuggets/topics/<int:pk>/", topics.nugget_topic, name="nugget_topic"),
    path("tracks/<slug:slug>/nuggets/compare/", comparing.nugget_compare, name="nugget_compare"),
    path("tracks/<slug:slug>/nuggets/import/", files.nugget_files, name="nugget_files"),
    path("tracks/<slug:slug>/nuggets/export/<int:pk>/", files.nuggets_export, name="nuggets_export"),
    path(
        "tracks/<slug:slug>/nuggets/export/<int:pk>/<int:assessor>/",
        files.assignments_export,
        name="assignments_export",
    ),
    path("tracks/<slug:slug>/nuggets/duties/", duties.nugget_duties, name="nugget_duties"),
    path("tracks/<slug:slug>/nuggets/duties/<int:pk>/", duties.nugget_duty_change, name="nugget_duty_change"),
    path("tracks/<slug:slug>/nuggets/grid/<int:pk>/", grid.nugget_grid_page, name="nugget_grid"),
    path("nuggets/assign/<int:pk>/", assigning.nugget_assign, name="nugget_assign"),
    path("nuggets/assign/<int:pk>/<int:answer>/", assigning.nugget_assign_answer, name="nugget_assign_answer"),
    path("nuggets/assign/<int:pk>/<int:answer>/label/", assigning.assignment_save, name="assignment_save"),
    path("nuggets/assign/<int:pk>/<int:answer>/nothing/", assigning.assignment_nothing, name="assignment_nothing"),
    path("tracks/<slug:slug>/answers/", answers.answers, name="answers"),
    path("tracks/<slug:slug>/answers/citations/", citations.citations, name="citations"),
    path("tracks/<slug:slug>/answers/<int:pk>/", answers.answer_run, name="answer_run"),
]
