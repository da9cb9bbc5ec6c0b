"""What is not there is told people by a page and programs by a problem, and neither repeats what was asked for."""

import re
from collections.abc import Iterator

import pytest

from gateway.web.accept import prefers_html
from tests.web.problems import CODE_MARK, MARK, problem
from tests.world import World
from tests.world import world as running

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('missing') / 'gateway.db'}") as entered:
        yield entered


@pytest.mark.parametrize("path", [f"/{MARK}", f"/docs/{MARK}/x", f"/problems/{CODE_MARK}", f"/problems/x/{MARK}/"])
def test_a_browser_is_shown_a_page_whose_links_lead_on(world: World, path: str) -> None:
    page = world.anyone().get(path, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["vary"] == "Accept"
    assert "What to do" in page.text
    assert "zyzzyva" not in (page.text + str(page.headers)).lower()
    for link in re.findall(r'href="([^"]+)"', page.text.partition("<main>")[2]):
        assert world.anyone().get(str(page.url.join(link))).status_code == 200, link
    assert world.anyone().get(path).headers["content-type"] == "application/problem+json"


def test_a_program_reads_a_problem_whatever_browsers_would(world: World) -> None:
    anyone = world.anyone()
    problem(anyone.get(f"/v1/{MARK}", headers=BROWSER), 404, "no-such-route")
    problem(anyone.get("/v1/record-types/zyzzyva/v1", headers=BROWSER), 404, "no-such-record-type")
    problem(anyone.get(f"/{MARK}", headers={"Accept": "application/json, text/html"}), 404, "no-such-route")


def test_a_mistyped_code_is_told_with_the_nearest(world: World) -> None:
    anyone = world.anyone()
    told = problem(anyone.get("/problems/consent-requierd"), 404, "no-such-problem-type")
    assert told["detail"] == "the nearest is consent-required; GET /problems lists them all"
    page = anyone.get("/problems/consent-requierd", headers=BROWSER)
    assert '<a href="../problems/consent-required"><code>consent-required</code></a>' in page.text
    assert "nearest" not in anyone.get(f"/problems/{'x' * 8000}", headers=BROWSER).text
    assert (
        problem(anyone.get("/problems/42"), 404, "no-such-problem-type")["detail"] == "GET /problems lists them all."
    )


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER["Accept"], True),
        ("text/html", True),
        ("TEXT/HTML;Q=0.9, application/json;q=0.8", True),
        ("text/*", True),
        ("", False),
        ("*/*", False),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("text/html, application/json", False),
        ("text/html, application/problem+json", False),
        ("application/json", False),
        ("application/*;q=0.9, text/html;q=0.8", False),
    ],
)
def test_a_page_is_for_who_prefers_it(accept: str, html: bool) -> None:
    assert prefers_html([accept]) is html
    assert prefers_html([]) is False
