"""Faces in a picture: found, cut out, judged and drawn."""
