"""Budgets: what calls may cost, kept by several processes that share a home. docs/design/budgets.md says how."""
