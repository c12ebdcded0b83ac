"""What is done to a graph before it runs: small pure functions ``Graph -> Graph``."""
