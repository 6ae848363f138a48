"""Addresses: one flat list. What is not yours is a 404 (see access.py)."""

from django.contrib.auth import views as auth
from django.urls import path

from .views import agreement, assessors, compare, documents, home, judging, people, plans, pools, runs, topics, tracks

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", auth.PasswordChangeView.as_view(), name="password_change"),
    path("password/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("tracks/new/", tracks.track_create, name="track_create"),
    path("tracks/<slug:slug>/", tracks.track, name="track"),
    path("tracks/<slug:slug>/settings/", tracks.track_edit, name="track_edit"),
    path("tracks/<slug:slug>/topics/", topics.topics, name="topics"),
    path("tracks/<slug:slug>/documents/", documents.documents, name="documents"),
    path("tracks/<slug:slug>/runs/", runs.runs, name="runs"),
    path("tracks/<slug:slug>/runs/<int:pk>/", runs.run, name="run"),
    path("tracks/<slug:slug>/assessors/", assessors.assessors, name="assessors"),
    path("tracks/<slug:slug>/assessors/<int:pk>/qrels/", assessors.qrels_export, name="qrels_export"),
    path("tracks/<slug:slug>/judgments/", assessors.judgments_export, name="judgments_export"),
    path("tracks/<slug:slug>/pools/", pools.pools, name="pools"),
    path("tracks/<slug:slug>/pools/preview/", pools.preview, name="pool_preview"),
    path("tracks/<slug:slug>/pools/<int:pk>/", pools.pool, name="pool"),
    path("tracks/<slug:slug>/pools/<int:pk>/duties/", pools.duties_assign, name="duties_assign"),
    path("tracks/<slug:slug>/pools/<int:pk>/plan/", plans.plan, name="plan"),
    path("tracks/<slug:slug>/pools/<int:pk>/plan/preview/", plans.preview, name="plan_preview"),
    path("tracks/<slug:slug>/pools/<int:pk>/plan/file/", plans.plan_file, name="plan_file"),
    path("tracks/<slug:slug>/pools/<int:pk>/plan.csv", plans.plan_export, name="plan_export"),
    path("tracks/<slug:slug>/compare/", compare.compare, name="compare"),
    path("tracks/<slug:slug>/agreement/", agreement.agreement, name="agreement"),
    path("tracks/<slug:slug>/leaderboard/", compare.leaderboard, name="leaderboard"),
    path("tracks/<slug:slug>/people/", people.people, name="people"),
    path("judge/<int:pk>/", judging.duty, name="duty"),
    path("judge/<int:pk>/items/<int:item>/", judging.duty_item, name="duty_item"),
    path("judge/<int:pk>/items/<int:item>/judgment/", judging.judgment_save, name="judgment_save"),
    path("judge/<int:pk>/items/<int:item>/undo/", judging.judgment_undo, name="judgment_undo"),
]
