"""What a retraining policy would have done with the past: how often it trains, what that costs, what it gains."""
