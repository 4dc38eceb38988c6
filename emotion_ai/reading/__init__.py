"""From frames to readings: one picture, a stream, a film."""
