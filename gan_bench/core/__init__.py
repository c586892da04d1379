"""What everything else stands on: errors, registries, seeds, progress, files. Imports nothing of gan-bench, and no torch."""
