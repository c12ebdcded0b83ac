"""What the engine tells about itself: events, the bus that carries them, and who listens."""
