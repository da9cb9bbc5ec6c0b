"""Every problem's `type` is a page that the gateway serves, and its `requestId` finds the line of the log."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from gateway.catalogue.service import Catalogue
from gateway.document import problem_types
from gateway.errors import GatewayError, catalogue_of_errors
from gateway.exchange.service import Exchanges
from gateway.policy import REASONS
from gateway.web.pages import ProblemType, page
from tests.web.logs import logged
from tests.web.problems import CODE_MARK, MARK, problem
from tests.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('pages') / 'gateway.db'}") as entered:
        yield entered


def _all(error: type[GatewayError]) -> Iterator[type[GatewayError]]:
    yield error
    for kind in error.__subclasses__():
        yield from _all(kind)


def test_every_problem_type_is_served_as_a_page_that_needs_nothing_from_elsewhere(world: World) -> None:
    codes = {error.code for error in _all(GatewayError)} | set(REASONS)
    assert codes == set(problem_types())
    reader = world.anyone()
    for code in sorted(codes):
        page = reader.get(f"/problems/{code}")
        assert page.status_code == 200, code
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert code in page.text
        assert not re.search(r"<script|(src|href)=[\"']?(https?:)?//", page.text), code


def test_what_a_problem_type_names_is_set_as_code_and_never_as_markup(world: World) -> None:
    marked = 0
    for code, kind in problem_types().items():
        shown = world.anyone().get(f"/problems/{code}").text
        assert "`" not in shown, code
        [todo] = re.findall(r'<p class="todo">(.*?)</p>', shown, re.DOTALL)
        named = re.findall(r"`(.+?)`", kind.explanation)
        assert [unescape(one) for one in re.findall(r"<code>(.*?)</code>", todo)] == named, code
        assert unescape(re.sub(r"</?code>", "`", todo)) == kind.explanation, code
        marked += bool(named)
    assert marked >= 10
    hostile = ProblemType("x", 400, "X", "Say `<b>a</b>` & <i>b</i>.")
    shown = bytes(page("problem.html", kind=hostile, place=None).body).decode()
    assert "Say <code>&lt;b&gt;a&lt;/b&gt;</code> &amp; &lt;i&gt;b&lt;/i&gt;." in shown


def test_every_problem_type_says_what_to_do(world: World) -> None:
    for kind in problem_types().values():
        assert kind.title, kind.code
        assert len(kind.explanation) > 10, kind.code
        assert 400 <= kind.status < 600, kind.code


def test_the_index_names_every_problem_type(world: World) -> None:
    page = world.anyone().get("/problems")
    assert page.status_code == 200
    assert all(f"/problems/{code}" in page.text for code in problem_types())


def test_no_two_problems_share_a_code_by_accident() -> None:
    by_tree = [error.code for error in catalogue_of_errors()]
    assert len(by_tree) == len(set(by_tree))
    # `client-suspended` is both: 401 where the token dies at once, 403 where the commit finds it out.
    assert set(by_tree) & set(REASONS) == {"client-suspended"}


def test_the_type_and_the_request_id_of_a_problem_lead_to_page_and_log(world: World) -> None:
    refused = world.ask(purpose="with-consent", caseReference="Zyzzyva-1")
    with logged() as log:
        for answer in (
            world.casework.post("/v1/exchanges", json=refused),
            world.casework.post("/v1/exchanges", content=b"{" + MARK.encode()),
            world.casework.post("/v1/consent-requests", json={MARK: MARK}),
            world.anyone().get(f"/v1/exchanges/{CODE_MARK}"),
            world.casework.get(f"/v1/exchanges/{CODE_MARK}"),
            world.anyone().get(f"/{MARK}"),
            world.anyone().get(f"/v1/datasets?limit={MARK}"),
        ):
            told = problem(answer, answer.status_code, answer.json()["code"])
            assert world.anyone().get(told["type"].removeprefix(world.base_url)).status_code == 200
            [line] = [line for line in log.of(told["requestId"]) if line["message"] == "request"]
            assert line["status"] == told["status"]
            assert line["method"] == answer.request.method
        assert "zyzzyva" not in log.text.lower()


def test_a_template_of_the_route_is_logged_and_never_the_path(world: World) -> None:
    with logged() as log:
        answer = world.casework.get(f"/v1/consents/{CODE_MARK}")
        [line] = log.of(answer.headers["x-request-id"])
        assert line["route"] == "/v1/consents/{consent_id}"


@pytest.mark.parametrize(
    ("room", "verb", "method", "path"),
    [(Catalogue, "agencies", "GET", "/v1/agencies"), (Exchanges, "exchange", "POST", "/v1/exchanges")],
)
def test_an_error_that_nobody_expected_tells_and_logs_nothing_of_its_message(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    room: type,
    verb: str,
    method: str,
    path: str,
) -> None:
    async def broken(*_: object) -> None:
        try:
            raise KeyError(f"{MARK} the cause")
        except KeyError:
            raise RuntimeError(f"the record of {MARK} ZZ000001A") from None

    monkeypatch.setattr(room, verb, broken)
    with logged() as log:
        answer = world.casework.request(method, path, json=world.ask() if method == "POST" else None)
        told = problem(answer, 500, "internal-error", "ZZ000001A")
        lines = log.of(told["requestId"])
        [line] = [line for line in lines if line["message"] == "unexpected"]
        assert line["error"] == "RuntimeError"
        assert line["frames"][-1].endswith("broken")
        [request] = [line for line in lines if line["message"] == "request"]
        assert request["status"] == 500
        # What the server itself has to say about it, it says once the answer has left.
        assert world.anyone().get("/health/live").status_code == 200
    seen = log.text + "".join(capfd.readouterr()) + caplog.text
    assert MARK not in seen
    assert "ZZ000001A" not in seen
    assert "Traceback" not in seen


def test_a_null_in_a_url_is_refused_on_every_database(database_url: str) -> None:
    with World(database_url) as world:
        for path in ("/v1/consents/%00", "/v1/exchanges/a%00b", "/problems/%00", "/v1/datasets/a/%00/v1"):
            problem(world.casework.get(path), 404, "no-such-route")
        for path in ("/v1/datasets?q=%00", "/v1/agreements?cursor=%00", "/v1/register?cursor=a%00"):
            problem(world.casework.get(path), 422, "invalid-request")
