import pytest

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Condition, Duty, Judgment, Reveal
from assessment.services.duties import duties_assign, duties_withdraw
from assessment.services.people import assessor_ensure, member_remove


def test_all_topics_of_the_pool_are_assigned_by_default(pool, assessor_bob):
    assert duties_assign(pool=pool, assessor=assessor_bob, condition=Condition.MANUAL) == 3
    assert Duty.objects.filter(assessor=assessor_bob, condition="manual", reveal="never").count() == 3


def test_some_topics_may_be_chosen(pool, assessor_bob, topics):
    assert duties_assign(pool=pool, assessor=assessor_bob, topics=topics[:1], condition="manual") == 1
    assert Duty.objects.get().topic == topics[0]


def test_assigning_again_under_the_same_terms_changes_nothing(pool, assessor_bob, topics):
    duties_assign(pool=pool, assessor=assessor_bob, topics=topics[:1], condition="manual")
    assert duties_assign(pool=pool, assessor=assessor_bob, condition="manual") == 2
    assert duties_assign(pool=pool, assessor=assessor_bob, condition="manual") == 0


def test_other_terms_are_taken_while_nothing_is_judged(pool, assessor_bob, judge):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    changed = duties_assign(
        pool=pool, assessor=assessor_bob, condition="post_edit", reveal="always", suggestion_source=judge
    )
    assert changed == 3
    assert set(Duty.objects.values_list("condition", "reveal", "suggestion_source")) == {
        ("post_edit", "always", judge.pk)
    }


def test_other_terms_are_refused_once_something_is_judged(pool, assessor_bob, judge, topics, documents):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[1], document=documents[0], grade=1)
    with pytest.raises(DomainError, match="begun topic q2 under other terms"):
        duties_assign(pool=pool, assessor=assessor_bob, condition="filtered", suggestion_source=judge)
    assert set(Duty.objects.values_list("condition", flat=True)) == {"manual"}


def test_a_topic_of_another_pool_is_refused(pool, assessor_bob, topics):
    pool.items.filter(topic=topics[2]).delete()
    with pytest.raises(DomainError, match="nothing for topic q3"):
        duties_assign(pool=pool, assessor=assessor_bob, topics=topics, condition="manual")
    assert duties_assign(pool=pool, assessor=assessor_bob, condition="manual") == 2


def test_an_empty_choice_is_said(pool, assessor_bob):
    with pytest.raises(DomainError, match="no topic"):
        duties_assign(pool=pool, assessor=assessor_bob, topics=[], condition="manual")


@pytest.mark.parametrize(
    ("condition", "reveal", "with_source", "sentence"),
    [
        (Condition.AUTOMATIC, Reveal.NEVER, True, "start a judge"),
        (Condition.MANUAL, Reveal.NEVER, True, "leave their source empty"),
        (Condition.FILTERED, Reveal.NEVER, False, "whose suggestions"),
        (Condition.POST_EDIT, Reveal.ALWAYS, False, "whose suggestions"),
        (Condition.POST_EDIT, Reveal.NEVER, True, "choose whether always"),
        (Condition.FILTERED, Reveal.ALWAYS, True, "never shows"),
        (Condition.MANUAL, Reveal.COMMIT_THEN_REVEAL, False, "never shows"),
        ("blind", Reveal.NEVER, False, "no condition"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(
    pool, assessor_bob, judge, condition, reveal, with_source, sentence
):
    source = judge if with_source else None
    with pytest.raises(DomainError, match=sentence):
        duties_assign(pool=pool, assessor=assessor_bob, condition=condition, reveal=reveal, suggestion_source=source)
    assert not Duty.objects.exists()


def test_nobody_is_shown_his_own_grades(pool, assessor_bob):
    with pytest.raises(DomainError, match="own grades"):
        duties_assign(pool=pool, assessor=assessor_bob, condition="filtered", suggestion_source=assessor_bob)


def test_another_person_may_be_the_source(pool, assessor_bob, track, alice):
    source = assessor_ensure(track=track, user=alice)
    assert duties_assign(pool=pool, assessor=assessor_bob, condition="filtered", suggestion_source=source) == 3


def test_judges_have_no_duties(pool, judge):
    with pytest.raises(DomainError, match="not a person"):
        duties_assign(pool=pool, assessor=judge, condition="manual")


def test_a_person_without_a_role_gets_no_duty(pool, track, alice, bob, assessor_bob):
    member_remove(track=track, user=bob, by=alice)
    with pytest.raises(DomainError, match="set the role first"):
        duties_assign(pool=pool, assessor=assessor_bob, condition="manual")


def test_withdrawn_duties_keep_their_judgments(pool, assessor_bob, topics, documents):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    assert duties_withdraw(pool=pool, assessor=assessor_bob) == 3
    assert Judgment.objects.filter(assessor=assessor_bob).count() == 1
    with pytest.raises(DomainError, match="no duties"):
        duties_withdraw(pool=pool, assessor=assessor_bob)


def test_an_assessor_of_another_track_is_refused(pool, alice):
    from assessment.services.tracks import track_create

    other = track_create(slug="other", name="Other", scale=range(2), created_by=alice)
    stranger = assessor_ensure(track=other, user=alice)
    assert stranger.kind == Assessor.Kind.HUMAN
    with pytest.raises(DomainError, match="not an assessor of this track"):
        duties_assign(pool=pool, assessor=stranger, condition="manual")


def test_what_was_judged_by_hand_is_not_shown_a_suggestion_by_way_of_a_withdrawn_duty(track, pool, topics, bob, judge):
    assessor = assessor_ensure(track=track, user=bob)
    duties_assign(pool=pool, assessor=assessor, topics=topics[:1], condition=Condition.MANUAL)
    item = pool.items.filter(topic=topics[0]).first()
    Judgment.objects.create(
        assessor=assessor, topic=topics[0], document=item.document, grade=1, condition=Condition.MANUAL
    )
    duties_withdraw(pool=pool, assessor=assessor)
    edited = {"condition": Condition.POST_EDIT, "reveal": Reveal.COMMIT_THEN_REVEAL, "suggestion_source": judge}
    with pytest.raises(DomainError, match="begun topic q1 under other terms"):
        duties_assign(pool=pool, assessor=assessor, topics=topics[:2], **edited)
    assert not Duty.objects.filter(assessor=assessor).exists()
    duties_assign(pool=pool, assessor=assessor, topics=topics[1:2], **edited)
    duties_assign(pool=pool, assessor=assessor, topics=topics[:1], condition=Condition.MANUAL)
