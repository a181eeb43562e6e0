"""A workflow or a run -> what a person can look at: drawings, traces, lists of differences."""
