"""Addresses of answers, banks of nuggets and their scores."""

from django.urls import path

from .views import answers, assigning, banks, citations, comparing, duties, editing, files, grid, scores, topics

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
    path("tracks/<slug:slug>/banks/", banks.banks, name="banks"),
    path("tracks/<slug:slug>/banks/<int:pk>/", banks.bank, name="bank"),
    path("tracks/<slug:slug>/banks/<int:pk>/freeze/", banks.bank_frozen, name="bank_frozen"),
    path("tracks/<slug:slug>/banks/<int:pk>/delete/", banks.bank_deleted, name="bank_deleted"),
    path("banks/topics/<int:pk>/", editing.edit_bank, name="edit_bank"),
    path("banks/topics/<int:pk>/passage/", editing.edit_bank_passage, name="edit_bank_passage"),
    path("banks/topics/<int:pk>/live/", editing.edit_bank_live, name="edit_bank_live"),
    path("banks/topics/<int:pk>/history/", editing.edit_bank_history, name="edit_bank_history"),
    path("banks/topics/<int:pk>/impact/", editing.edit_bank_impact, name="edit_bank_impact"),
    path("banks/topics/<int:pk>/strip/", editing.edit_bank_strip, name="edit_bank_strip"),
    path("banks/topics/<int:pk>/edit/", editing.bank_edit, name="bank_edit"),
    path("banks/topics/<int:pk>/freeze/", editing.list_frozen, name="list_frozen"),
    path("tracks/<slug:slug>/answers/", answers.answers, name="answers"),
    path("tracks/<slug:slug>/answers/citations/", citations.citations, name="citations"),
    path("tracks/<slug:slug>/answers/<int:pk>/", answers.answer_run, name="answer_run"),
]
