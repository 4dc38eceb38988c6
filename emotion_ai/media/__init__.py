"""Photos and videos at the edge: checked pixels in, encoded ones out."""
