"""How an application is called, in lines that can be pasted."""

import re

import pytest
from tests.web.gateway.gateways import application, upstream_of

from loopwright.app.workspace import open_workspace
from loopwright.web.gateway.greeting import greeting


@pytest.mark.parametrize(("key", "said"), [("", 'api_key="unused"'), ("env:KEY", "loopwright key new")])
def test_the_lines_name_address_model_and_key(home, upstream, key, said):
    home.serve("support", application(upstream_of(upstream, key=key)))
    workspace = open_workspace(home.path.parent)
    text = greeting(workspace, "support", "http://127.0.0.1:8700")
    assert 'base_url="http://127.0.0.1:8700/v1"' in text
    assert re.search(r'model="support"', text)
    assert said in text
    assert greeting(workspace, "nobody", "http://127.0.0.1:8700") is None
    assert home.token not in text
    workspace.close()
