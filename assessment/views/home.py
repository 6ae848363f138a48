from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from assessment.access import tracks_for_user
from assessment.models import Role
from assessment.selectors.adjudications import adjudications_of_user
from assessment.selectors.overview import tracks_with_counts
from assessment.selectors.progress import work_of_user


@login_required
def home(request):
    """What this person has to judge, and the tracks that he or she organizes or reads."""
    roles = dict(request.user.memberships.values_list("track", "role"))
    tracks = list(tracks_with_counts(tracks_for_user(request.user)))
    for track in tracks:
        track.role = Role.ORGANIZER if request.user.is_staff else Role(roles[track.pk])
    works = work_of_user(request.user)
    assessing = [track for track in tracks if track.role == Role.ASSESSOR]
    context = {
        "works": works,
        "invited": request.user.practised_at is None and bool(works or assessing),
        "adjudications": adjudications_of_user(request.user),
        "tracks": [track for track in tracks if track.role != Role.ASSESSOR],
        "assessing": assessing,
        "may_create": request.user.is_staff or request.user.may_create_tracks,
    }
    return render(request, "assessment/home.html", context)
