"""Traces: taken in over OTLP, searched, drawn."""
