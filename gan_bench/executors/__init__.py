"""Where the parts of a run are computed."""
