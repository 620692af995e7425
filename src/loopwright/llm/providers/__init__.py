"""The upstreams' protocols: one file a kind of upstream, found by `table.provider_of`. Pure translation."""
