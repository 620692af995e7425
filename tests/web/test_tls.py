"""Servers that speak TLS, asked by stock clients."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import requests
from tests.web.certificates import Authority

from loopwright.app.servers import free_ports
from loopwright.core.settings import resolve
from loopwright.errors import SettingError
from loopwright.web.tls import certificates, server_context, server_tls

NOWHERE = Path("/nonexistent")
EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}


def settings(**given):
    return resolve(given, {}, NOWHERE, user_file=NOWHERE)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(authority):
    """The settings of a server with a certificate, as environment variables."""
    certificate, key = authority.issue("server")
    return {
        "LOOPWRIGHT_TLS_CERTIFICATE": str(certificate),
        "LOOPWRIGHT_TLS_KEY": "env:TLS_KEY",
        "TLS_KEY": key.read_text(),
    }


def test_without_settings_there_are_no_certificates():
    assert certificates(settings(), base=NOWHERE) is None


@pytest.mark.parametrize("missing", ["tls_certificate", "tls_key"])
def test_a_certificate_without_a_key_or_a_key_without_one_is_refused(authority, missing):
    certificate, key = authority.issue("half")
    given = {"tls_certificate": str(certificate), "tls_key": str(key)} | {missing: ""}
    with pytest.raises(SettingError, match=f"{missing} is empty"):
        certificates(settings(**given), base=NOWHERE)


def test_what_cannot_be_used_is_refused_and_never_shown(authority):
    certificate, _ = authority.issue("one")
    _, key = authority.issue("other")
    given = certificates(settings(tls_certificate=str(certificate), tls_key=str(key)), base=NOWHERE)
    assert "PRIVATE" not in repr(given)
    with pytest.raises(SettingError) as caught:
        server_context(given)
    assert "PRIVATE" not in str(caught.value.as_dict())
    bad = authority.folder / "bad.pem"
    bad.write_text("no certificate")
    with pytest.raises(SettingError):
        server_context(certificates(settings(tls_certificate=str(bad), tls_key=str(key)), base=NOWHERE))


def test_a_worker_with_a_certificate_is_asked_by_https_only(home, worker, wait_until, authority, server):
    home.arms(home.bundle())
    with worker(home, "--name", "tls", **server) as process:
        port = process.client.base_url.port
        url = f"https://127.0.0.1:{port}/predict/flights"

        def asked():
            answer = requests.post(url, json=EXAMPLE, verify=authority.path, timeout=10)
            assert answer.status_code == 200
            return answer.json()

        assert wait_until(asked)["arm"] == "champion"
        with httpx.Client(verify=ssl.create_default_context(cafile=authority.path)) as client:
            for _ in range(3):
                answer = client.post(f"https://localhost:{port}/predict/flights", json=EXAMPLE)
                assert answer.status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            requests.post(url, json=EXAMPLE, timeout=10)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/health/ready")


def test_a_worker_that_asks_for_clients_certificates_answers_those_that_its_authority_has_signed(
    home, worker, wait_until, authority, server, tmp_path
):
    home.arms(home.bundle())
    mutual = server | {"LOOPWRIGHT_TLS_CLIENT_CA": str(authority.path)}
    with worker(home, "--name", "mutual", **mutual) as process:
        url = f"https://127.0.0.1:{process.client.base_url.port}/predict/flights"

        def ask(*certificate):
            return requests.post(url, json=EXAMPLE, verify=authority.path, cert=certificate or None, timeout=10)

        known = [str(path) for path in authority.issue("client")]

        def asked():
            assert ask(*known).status_code == 200

        wait_until(asked)
        stranger = [str(path) for path in Authority(tmp_path, "strangers").issue("client")]
        for certificate in ([], stranger):
            with pytest.raises(requests.exceptions.RequestException):
                ask(*certificate)
        asked()


def renewal(authority, folder, name):
    """Files that a server shows, the settings that name them, and what puts another certificate there."""
    shown = folder / "shown.pem", folder / "shown-key.pem"

    def renew(to):
        issued = authority.issue(to)
        for target, source in zip(shown, issued, strict=True):
            target.write_bytes(source.read_bytes())
        return issued[0].read_text()

    return {"LOOPWRIGHT_TLS_CERTIFICATE": str(shown[0]), "LOOPWRIGHT_TLS_KEY": str(shown[1])}, renew, renew(name)


def test_a_renewed_certificate_is_shown_to_new_connections_and_old_ones_go_on(
    home, worker, wait_until, authority, tmp_path
):
    home.arms(home.bundle())
    given, renew, first = renewal(authority, tmp_path, "first")
    with worker(home, "--name", "renewed", **given) as process, requests.Session() as kept:
        address = ("127.0.0.1", process.client.base_url.port)

        def ask(session):
            url = f"https://127.0.0.1:{address[1]}/predict/flights"
            answer = session.post(url, json=EXAMPLE, verify=authority.path, timeout=10)
            assert answer.status_code == 200

        wait_until(lambda: ask(kept))
        assert ssl.get_server_certificate(address) == first
        second = renew("second")

        def shown():
            assert ssl.get_server_certificate(address) == second

        wait_until(shown, 10)
        ask(kept)
        ask(requests)


def test_a_control_process_shows_a_renewed_certificate(whole, wait_until, authority, tmp_path):
    given, renew, first = renewal(authority, tmp_path, "control-first")
    port = free_ports()
    command = [sys.executable, "-m", "loopwright.web.control_process", "--project", str(whole), "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | given)
    try:

        def shown(certificate):
            assert process.poll() is None
            assert ssl.get_server_certificate(("127.0.0.1", port)) == certificate

        wait_until(lambda: shown(first))
        second = renew("control-second")
        wait_until(lambda: shown(second), 10)
        assert requests.get(f"https://127.0.0.1:{port}/health/live", verify=authority.path, timeout=5).ok
    finally:
        process.terminate()
        process.wait(20)
        process.stdin.close()


def test_a_pair_that_does_not_fit_is_logged_once_and_the_one_before_goes_on(authority, tmp_path, caplog):
    given, renew, first = renewal(authority, tmp_path, "fits")
    named = {name.removeprefix("LOOPWRIGHT_").lower(): value for name, value in given.items()}
    tls = server_tls(settings(**named), base=NOWHERE)
    key = Path(named["tls_key"])
    own = key.read_bytes()
    key.write_bytes(authority.issue("another")[1].read_bytes())
    for _ in range(3):
        asyncio.run(tls.look())
    key.unlink()
    asyncio.run(tls.look())
    assert len(caplog.records) == 2
    assert "PRIVATE" not in caplog.text
    assert tls.shown.chain.decode() == first
    key.write_bytes(own)
    asyncio.run(tls.look())
    assert len(caplog.records) == 2
    second = renew("then")
    asyncio.run(tls.look())
    assert tls.shown.chain.decode() == second


def test_who_may_come_in_changes_with_a_restart_only(authority, tmp_path):
    given, renew, _ = renewal(authority, tmp_path, "mutual")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.path.read_bytes())
    named = {name.removeprefix("LOOPWRIGHT_").lower(): value for name, value in given.items()}
    tls = server_tls(settings(**named, tls_client_ca=str(ca)), base=NOWHERE)
    before = tls.shown.client_ca
    ca.write_bytes(Authority(tmp_path, "others").path.read_bytes())
    second = renew("mutual-second")
    asyncio.run(tls.look())
    assert (tls.shown.chain.decode(), tls.shown.client_ca) == (second, before)
    assert len(tls.context.get_ca_certs()) == 1


def test_a_worker_whose_certificate_is_none_ends_with_the_cause(home, tmp_path, capfd, monkeypatch):
    from loopwright.web.worker import main

    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    monkeypatch.setenv("LOOPWRIGHT_TLS_CERTIFICATE", str(bad))
    monkeypatch.setenv("LOOPWRIGHT_TLS_KEY", str(bad))
    assert main(["--home", str(home.path), "--endpoint", "flights", "--port", "0"]) == 1
    said = capfd.readouterr().err
    assert "LW103" in said
    assert "PEM" in said


def test_the_control_process_speaks_tls_too(whole, wait_until, authority, server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "loopwright.web.control_process", "--project", str(whole), "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | server)
    try:

        def asked():
            assert process.poll() is None
            answer = requests.get(f"https://127.0.0.1:{port}/health/live", verify=authority.path, timeout=5)
            assert answer.json() == {"live": True}

        wait_until(asked)
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(f"http://127.0.0.1:{port}/health/live", timeout=5)
    finally:
        process.terminate()
        process.wait(20)
        process.stdin.close()
