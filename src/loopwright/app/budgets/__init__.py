"""The journeys of budgets and prices: declare, list, show, report."""
