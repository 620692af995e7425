"""A fine-tuned adapter for vLLM: a script that starts it, and the line that points a route at it."""

import shlex

from loopwright.export.adapter import Adapter

PORT = 8000


def start_script(adapter: Adapter, *, base: str) -> str:
    """The script that starts vLLM with the adapter beside its base model; it lies beside the adapter's folder.

    Args:
        adapter: What is served.
        base: The base model as vLLM names it: a folder, or a name of the Hugging Face hub.
    """
    rank = f" \\\n  --max-lora-rank {adapter.rank_allowed}" if adapter.rank > 0 else ""
    return f"""#!/bin/sh
# {adapter.name}, version {adapter.version}
# Made by loopwright export vllm. Needs vLLM; the port is $PORT, {PORT} where that is not set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec vllm serve {shlex.quote(base)} \\
  --host "${{HOST:-127.0.0.1}}" \\
  --port "${{PORT:-{PORT}}}" \\
  --enable-lora{rank} \\
  --lora-modules {shlex.quote(adapter.served_name)}="$here/adapter"
"""


def upstream_line(adapter: Adapter, url: str = f"http://127.0.0.1:{PORT}/v1") -> str:
    """The upstream, as a loop file declares it.

    Args:
        adapter: What is served.
        url: Where.
    """
    return f'llm.Upstream(name="{adapter.served_name}", url="{url}", model="{adapter.served_name}")'
