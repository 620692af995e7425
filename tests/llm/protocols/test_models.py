from tests.llm.protocols.clients import anthropic_client, openai_client

from loopwright.llm.protocols.models import model_body, models_body

AT = 1_700_000_000_000_000


def test_both_stock_clients_read_the_list():
    body = models_body({"support": AT, "triage": AT + 1})

    ours = list(openai_client(body).models.list())
    theirs = list(anthropic_client(body).models.list())

    assert [(model.id, model.created, model.object) for model in ours] == [
        ("support", 1_700_000_000, "model"), ("triage", 1_700_000_000, "model")
    ]  # fmt: skip
    assert [(model.id, model.type, model.created_at.timestamp()) for model in theirs] == [
        ("support", "model", 1_700_000_000), ("triage", "model", 1_700_000_000)
    ]  # fmt: skip


def test_one_model_and_none():
    assert openai_client(model_body("support", AT)).models.retrieve("support").owned_by == "loopwright"
    assert anthropic_client(model_body("support", AT)).models.retrieve("support").display_name == "support"
    assert list(openai_client(models_body({})).models.list()) == []
    assert list(anthropic_client(models_body({})).models.list()) == []
