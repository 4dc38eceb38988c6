"""The networks. ``presets`` names and describes them without Keras; the rest is pure Keras 3."""
