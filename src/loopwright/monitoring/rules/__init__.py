"""What a loop file declares to be watched, one file a kind. Plain values; nothing heavy is imported."""
