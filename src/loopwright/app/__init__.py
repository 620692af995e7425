"""Journeys through the layers below: one file each, as plan, explain, apply.

Everything that names several layers is here.
"""
