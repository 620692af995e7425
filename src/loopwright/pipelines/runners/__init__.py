"""Where a task runs: in this process, or in a child that may die without harm."""
