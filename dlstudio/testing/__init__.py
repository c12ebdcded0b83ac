"""Tools for testing operators and programs: the sweep's checks, gradient checks, comparisons."""
