"""Wire protocols: parse a body into a call, say an answer in the caller's own terms."""
