"""One file a kind of rule: what it reads of a look, and how its detector's state goes on."""
