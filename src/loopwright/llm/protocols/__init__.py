"""The callers' protocols: OpenAI's and Anthropic's bodies and events, read, bounded and written. Translation alone."""
