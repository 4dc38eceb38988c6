"""Files and arrays that are written whole or not at all."""
