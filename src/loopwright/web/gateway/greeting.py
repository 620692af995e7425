"""What is said when applications begin to be served: the address, and the lines of Python that call it."""

from loopwright.app.arms import current_arms
from loopwright.app.workspace import Workspace
from loopwright.errors import LoopwrightError
from loopwright.serving.applications.bundle import read_application
from loopwright.serving.applications.callers import takes_any_model


def greeting(workspace: Workspace, endpoint: str, place: str) -> str | None:
    """How an application is called; None where the endpoint is a model's, or has no arms yet.

    Args:
        workspace: The workspace.
        endpoint: Its name.
        place: Scheme, host and port.
    """
    arms = current_arms(workspace, endpoint)
    try:
        if arms is None:
            return None
        application, _ = read_application(workspace.stores.blobs, arms.champion.version)
    except LoopwrightError:
        return None
    any_model = takes_any_model(application.route)
    model = "ANY-MODEL-OF-IT" if any_model else endpoint
    paid = any(upstream.key for upstream in application.route.upstreams)
    key = "A-KEY" if paid else "unused"
    what = f"any model of {application.route.upstreams[0].url}" if any_model else f"the application {endpoint!r}"
    lines = [
        f"{endpoint}: {place}/v1 answers for {what} (OpenAI's and Anthropic's protocols)",
        f'  client = openai.OpenAI(base_url="{place}/v1", api_key="{key}")',
        f'  client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "Hello"}}])',
    ]
    if paid:
        lines.append(f"  calls take a key, as they may cost money: the text in {workspace.home / 'token'},")
        lines.append("  or one that `loopwright key new NAME --scope predict` makes")
    return "\n".join(lines)
