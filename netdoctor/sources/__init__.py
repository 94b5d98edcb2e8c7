"""Where a stack comes from: the live engine, or a capture."""
