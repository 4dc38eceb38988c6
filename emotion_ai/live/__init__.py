"""A webcam's frames on their way through."""
