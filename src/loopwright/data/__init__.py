"""Datasets: where rows come from, what they must satisfy, and which version holds them."""
