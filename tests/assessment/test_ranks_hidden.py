"""Nothing that reaches an assessor's browser tells that a judge has ordered the passages, or which."""

import re
from uuid import uuid4

import pytest

from assessment.models import Duty, Judgment, Lease
from assessment.selectors.judging import pool_column
from assessment.services.duties import duties_assign
from tests.factories import make_assessor, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
SIZE = 12
# Tokens, keys, numbers: what differs between any two requests or passages.
CHANGING = re.compile(
    r'(?<=csrfmiddlewaretoken" value=")\w+|(?<=X-CSRFToken": ")\w+|[0-9a-f]{8}(-[0-9a-f]{4,12}){4}|\d+'
)


@pytest.fixture
def pool():
    """Passages that differ in their numbers only, each with the same suggestion; zephyr has an order of its own."""
    pool = make_pool(make_track(), size=SIZE)
    zephyr, lexical = make_judge(pool.track, "zephyr"), make_judge(pool.track, "lexical")
    for item in pool.items.all():
        suggest(zephyr, item, 3, confidence=0.3 + item.position * 7 % 12 / 20)
        suggest(lexical, item, 1, confidence=0.5)
    make_assessor(pool.track, make_user("bob"))
    return pool


def told_to(client, duty):
    """Every page, fragment and reply of the duty, headers first, as lines in which nothing is left but words."""
    client.force_login(duty.assessor.user)
    pages = [client.get(address) for address in ("/", f"/judge/{duty.pk}/", f"/judge/{duty.pk}/list/")]
    column = [entry.pk for entry in pool_column(duty)]  # of a shared pool: what is on the desk
    replies = [*pages, *(client.get(f"/judge/{duty.pk}/items/{item}/") for item in column)]
    data = {"idempotency_key": uuid4(), "grade": 1, "want": column[1], "tab": uuid4()}
    address = f"/judge/{duty.pk}/items/{column[0]}/judgment/"
    replies.append(client.post(address, data, headers={"Accept": "application/json"}))
    return [[*map(str, sorted(reply.headers.items())), *reply.content.decode().splitlines()] for reply in replies]


@pytest.mark.parametrize("quota", [None, 1])
@pytest.mark.parametrize("order", ["likely", "uncertain"])
@pytest.mark.parametrize("condition", ["manual", "filtered", "post_edit"])
def test_the_browser_gets_nothing_but_another_order(client, pool, condition, order, quota):
    pool.quota = quota
    pool.save()
    zephyr, lexical = (pool.track.assessors.get(name=name) for name in ("zephyr", "lexical"))
    terms = {"condition": condition, "reveal": "always" if condition == "post_edit" else "never"}
    terms["suggestion_source"] = None if condition == "manual" else lexical
    told, columns = [], []
    for ranking in ({"order": order, "ranked_by": zephyr}, {"order": "shuffle"}):
        Judgment.objects.filter(assessor__name="bob").delete()
        Lease.objects.all().delete()
        duties_assign(pool=pool, assessor=pool.track.assessors.get(name="bob"), **terms, **ranking)
        duty = Duty.objects.select_related("pool__track", "assessor__user").get()
        told.append(told_to(client, duty))
        columns.append([entry.pk for entry in pool_column(duty)])
    assert columns[0] != columns[1]
    for ranked, shuffled in zip(*told, strict=True):
        text = "\n".join(ranked).lower()
        for word in ("zephyr", "ranked", "likely relevant", "most uncertain", "entropy"):
            assert word not in text
        assert sorted(CHANGING.sub("#", line) for line in ranked) == sorted(
            CHANGING.sub("#", line) for line in shuffled
        )
