"""Who a real server takes a visitor for, told from the request itself; and the load's visitors."""

import asyncio
import random

from benchmarks.load import Record, Visitor
from tests.browser.conftest import running_app


class Reading(Visitor):
    """A visitor that remembers what the page says."""

    def __init__(self, url: str, headers: dict | None = None):
        self.record, self.said = Record(), []
        super().__init__(url, self.record, random.Random(0), headers)

    def _element(self, path, delta):
        super()._element(path, delta)
        if delta.new_element.WhichOneof("type") == "markdown":
            self.said.append(delta.new_element.markdown.body)


def what_home_says(url: str, headers: dict | None = None) -> tuple[str, Record]:
    async def visit():
        async with Reading(url, headers) as visitor:
            assert await visitor.open("home", "") is not None
            return " ".join(visitor.said), visitor.record

    return asyncio.run(visit())


def test_a_person_at_the_machine_is_told_from_who_came_through_a_proxy(app_url):
    """The server listens on localhost: only what the proxy adds gives a stranger away."""
    said, record = what_home_says(app_url)
    assert "An expression is not a feeling" in said
    assert "Read-only" not in said
    assert not record.wrong
    said, _ = what_home_says(app_url, {"X-Forwarded-For": "203.0.113.9"})
    assert "**Read-only**: this server is open to others and has no sign" in said.replace("\\", "")


def test_a_server_for_others_is_read_only(tmp_path):
    with running_app(tmp_path, STREAMLIT_SERVER_ADDRESS="0.0.0.0") as url:
        said, _ = what_home_says(url)
    assert "**Read-only**" in said
