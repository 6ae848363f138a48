from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.forms.people import AccountForm, MemberForm, RoleForm
from assessment.services.people import account_create, member_remove, member_set


@login_required
@never_cache
def people(request, slug):
    """Who is on the track. Each form of the page names its `action`."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    act = {"add": _add, "create": _create, "set": _set, "remove": _remove}.get(request.POST.get("action"))
    if act:
        return act(request, track)
    return _page(request, track)


def _page(request, track, **changed):
    """`changed`: a form with its errors instead of the empty one, or the account that was just made."""
    members = track.memberships.select_related("user")
    context = {"track": track, "members": members, "add": MemberForm(auto_id="add_%s"), "create": AccountForm()}
    return render(
        request, "assessment/people.html", context | {"roles": AccountForm().fields["role"].choices} | changed
    )


def _add(request, track):
    form = MemberForm(request.POST, auto_id="add_%s")
    if form.is_valid():
        role = form.cleaned_data["role"]
        if form.attempt(member_set, track=track, user=form.user, role=role, by=request.user):
            messages.success(request, f"{form.user.username} is {role} now.")
            return redirect("people", track.slug)
    return _page(request, track, add=form)


def _create(request, track):
    """The one-time password is in this answer only: it is not stored, and no redirect could carry it."""
    form = AccountForm(request.POST)
    account = form.is_valid() and form.attempt(_account_with_role, track=track, by=request.user, **form.cleaned_data)
    if not account:
        return _page(request, track, create=form)
    user, password = account
    return _page(request, track, new_user=user, one_time_password=password)


@transaction.atomic
def _account_with_role(*, track, by, role, **person):
    user, password = account_create(**person)
    member_set(track=track, user=user, role=role, by=by)
    return user, password


def _set(request, track):
    form = RoleForm(request.POST, track=track)
    if form.is_valid():
        user, role = form.cleaned_data["user"], form.cleaned_data["role"]
        if form.attempt(member_set, track=track, user=user, role=role, by=request.user):
            messages.success(request, f"{user.username} is {role} now.")
    return _said(request, track, form)


def _remove(request, track):
    form = RoleForm(request.POST, track=track)
    if form.is_valid():
        user = form.cleaned_data["user"]
        form.attempt(member_remove, track=track, user=user, by=request.user)
        if not form.errors:
            messages.success(request, f"{user.username} is off the track; the judgments stay.")
    return _said(request, track, form)


def _said(request, track, form):
    for sentences in form.errors.values():
        for sentence in sentences:
            messages.error(request, sentence)
    # Somebody who gave up the own role may not see this page any more.
    still_here = request.user.is_staff or track.memberships.filter(user=request.user, role="organizer").exists()
    return redirect("people", track.slug) if still_here else redirect("home")
