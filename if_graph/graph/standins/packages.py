"""Stand-in for packages that hold only modules."""
