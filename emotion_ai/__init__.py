"""Emotion AI: facial keypoints and expressions, seen the way a machine sees them."""

import os

__version__ = "0.1.0"

# Twice what is accepted, for OpenCV's own check of what it decodes; read once, when it is imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "100000000")
