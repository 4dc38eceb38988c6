"""Drawn faces, whose keypoints and expressions are exact."""
