"""Releases under way: started, looked at, moved by the policy or by hand, and told about."""
