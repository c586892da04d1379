"""The gate: a baseline, and a check that fails when sample quality drops."""
