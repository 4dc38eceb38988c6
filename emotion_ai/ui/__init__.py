"""What the pages share; the only part of the package that imports Streamlit."""

from emotion_ai.ui import access as access  # from here on visitors are told from the owner
