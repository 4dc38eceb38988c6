"""Emotion AI: facial keypoints and expressions, seen the way a machine sees them."""

__version__ = "0.1.0"
