"""One file a third-party library, reached by entry point only; nothing in Loopwright imports these."""
