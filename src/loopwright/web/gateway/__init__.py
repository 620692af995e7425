"""The gateway: LLM applications under OpenAI's and Anthropic's protocols, on the port of predictions."""
