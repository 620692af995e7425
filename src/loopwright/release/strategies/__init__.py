"""How each strategy decides: `arms` says who answers in a state, `rule` what the evidence leads to."""
