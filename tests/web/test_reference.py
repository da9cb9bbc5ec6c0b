"""The API's reference needs nothing from elsewhere, and names no host."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.world import World, world


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(f"sqlite:///{tmp_path_factory.mktemp('reference') / 'gateway.db'}") as entered:
        yield entered


@pytest.mark.parametrize("path", ["/docs", "/problems", "/problems/consent-required"])
def test_a_page_names_no_host_whatever_the_request_says(gateway: World, path: str) -> None:
    answer = gateway.anyone().get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 200
    assert "evil.example" not in answer.text
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_all_that_the_reference_loads_is_served_here(gateway: World) -> None:
    page = gateway.anyone().get("/docs").text
    loaded = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*(?:src|href)=\"([^\"]+)\"", page)
    assert len(loaded) == 3
    for address in [*loaded, "openapi.json"]:
        answer = gateway.anyone().get(f"/{address}")
        assert answer.status_code == 200, address
        assert len(answer.content) > 200


def test_the_root_leads_to_the_reference_by_a_relative_address(gateway: World) -> None:
    answer = gateway.anyone().get("/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "docs")


def test_docs_with_a_slash_leads_to_the_reference(gateway: World) -> None:
    answer = gateway.anyone().get("/docs/")
    assert answer.status_code == 308
    assert urljoin("/docs/", answer.headers["location"]) == "/docs"


def test_the_links_between_pages_lead_somewhere(gateway: World) -> None:
    for path in ("/docs", "/problems", "/problems/consent-required"):
        page = gateway.anyone().get(path).text
        for link in set(re.findall(r"<a href=\"([^\"]+)\"", page)):
            assert gateway.anyone().get(urljoin(path, link)).status_code == 200, f"{path}: {link}"


def test_a_dark_page_is_dark_whole(gateway: World) -> None:
    anyone = gateway.anyone()
    assert "html.dark-mode .swagger-ui" in anyone.get("/docs/swagger-ui.css").text, "Swagger UI goes by another name"
    started = anyone.get("/docs/start.js").text
    assert '"(prefers-color-scheme: dark)"' in started
    assert 'classList.toggle("dark-mode", dark.matches)' in started
    assert "#fbfaf6; border-radius" not in anyone.get("/docs").text


def test_the_page_template_folder_holds_only_what_is_used() -> None:
    folder = Path(__file__).parents[2] / "gateway" / "web" / "templates"
    assert sorted(path.name for path in folder.iterdir()) == [
        "base.html", "missing.html", "problem.html", "problems.html", "reference.html", "reference.js",
    ]  # fmt: skip
