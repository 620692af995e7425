"""The document and the pages of a real worker."""

import html
import json
import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def served(home, worker, wait_until):
    home.arms(home.bundle())
    with worker(home, "--endpoint", "trains") as process:

        def loaded():
            assert process.client.get("/health/ready").json()["endpoints"]["flights"]["ready"]

        wait_until(loaded)
        yield process


def test_the_document_names_what_is_ready(served):
    said = served.client.get("/openapi.json").json()
    assert "/predict/flights" in said["paths"]
    assert "/predict/trains" not in said["paths"]
    example = said["paths"]["/predict/flights"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert served.client.post("/predict/flights", json=example).status_code == 200


def test_every_reference_within_the_document_leads_somewhere(served):
    said = served.client.get("/openapi.json").json()

    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        if isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in set(references(said)):
        found = said
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_pages_are_for_what_there_is(served):
    page = served.client.get("/docs/flights")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"curl {str(served.client.base_url).rstrip('/')}/predict/flights" in page.text
    assert "/docs/flights" in served.client.get("/docs").text
    assert served.client.get("/docs/trains").status_code == 503
    assert served.client.get("/docs/planes").status_code == 404


def test_the_commands_on_the_page_are_answered(served):
    commands = [
        html.unescape(c) for c in re.findall(r"<code>(curl .*?)</code>", served.client.get("/docs/flights").text, re.S)
    ]
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(f"{command} -s", shell=True, capture_output=True, text=True, check=True)
        assert "code" not in json.loads(done.stdout), command


def test_a_page_of_another_sites_name_is_not_shown(served):
    assert served.client.get("/docs/flights", headers={"host": "evil.example"}).status_code == 403
