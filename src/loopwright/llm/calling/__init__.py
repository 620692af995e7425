"""One call through a route: choice, retries, fallbacks, hedging, circuits, concurrency."""
