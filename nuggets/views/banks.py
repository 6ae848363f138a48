"""Banks of a track, and the lists of one bank: made, copied, frozen."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assessment.access import ORGANIZERS, READERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.views.posting import posted
from nuggets.access import get_bank_for_user
from nuggets.forms.editing import BankForm, FreezeForm, ListForm
from nuggets.selectors.bank_lists import banks_of, lists_of
from nuggets.services.banks import bank_copy, bank_create, bank_delete, list_open
from nuggets.services.versions import bank_freeze


@login_required
def banks(request, slug):
    """All banks; an organizer makes one, empty or from another."""
    track = get_track_for_user(request.user, slug, ORGANIZERS if request.method == "POST" else READERS)
    form = BankForm(posted(request)[0], track=track)
    if request.method == "POST" and form.is_valid():
        name, source = form.cleaned_data["name"], form.cleaned_data["copy_of"]
        try:
            if source:
                made = bank_copy(bank=source, name=name, actor=request.user)
            else:
                made = bank_create(track=track, name=name, actor=request.user)
        except DomainError as error:
            form.add_error("name", str(error))
        else:
            return redirect("bank", track.slug, made.pk)
    return render(request, "nuggets/banks.html", {"track": track, "banks": banks_of(track), "form": form})


@login_required
def bank(request, slug, pk):
    """The lists of a bank, topic by topic; an organizer opens one for another topic."""
    found = get_bank_for_user(request.user, slug, pk, ORGANIZERS if request.method == "POST" else READERS)
    form = ListForm(posted(request)[0], bank=found)
    if request.method == "POST" and form.is_valid():
        return redirect("edit_bank", list_open(bank=found, topic=form.cleaned_data["topic"]).pk)
    context = {"track": found.track, "bank": found, "lists": lists_of(found), "form": form}
    context["has_topics_left"] = form.fields["topic"].queryset.exists()
    return render(request, "nuggets/bank.html", context)


@login_required
@require_POST
def bank_frozen(request, slug, pk):
    """Freezes what has changed in all lists of the bank, or says why it cannot."""
    found = get_bank_for_user(request.user, slug, pk)
    form = FreezeForm(request.POST)
    try:
        note = form.cleaned_data["note"] if form.is_valid() else ""
        versions = bank_freeze(bank=found, actor=request.user, note=note)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        count = len(versions)
        messages.success(
            request, f"Frozen: the list{'' if count == 1 else 's'} of {count} topic{'' if count == 1 else 's'}."
        )
    return redirect("bank", slug, pk)


@login_required
@require_POST
def bank_deleted(request, slug, pk):
    found = get_bank_for_user(request.user, slug, pk)
    try:
        bank_delete(bank=found)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("bank", slug, pk)
    messages.success(request, f"Bank {found.name} is gone.")
    return redirect("banks", slug)
