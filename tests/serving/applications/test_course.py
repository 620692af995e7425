"""What is found out about a call on its way."""

from tests.serving.applications.stage import UPSTREAM, course

from loopwright.llm.guard import Finding
from loopwright.llm.metering import Spend


def test_something_is_reserved_from_the_first_upstream_until_it_is_settled():
    one = course()
    assert not one.reserved
    one.upstream = UPSTREAM
    assert one.reserved
    one.spend = Spend(usage=None, cost_usd=None)
    assert not one.reserved


def test_findings_are_noted_by_where_and_never_with_a_text():
    one = course()
    one.found("in", [Finding(guard="secrets", kind="api_key", start=3, end=9, action="block")])
    assert one.findings == ["in:secrets:api_key:block"]
