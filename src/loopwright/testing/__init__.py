"""What tests of Loopwright, of its back ends and of its plugins share: clocks, ids, one conformance suite a seam."""
