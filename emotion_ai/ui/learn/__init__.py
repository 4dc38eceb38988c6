"""The screens of the Learn chapters: texts from ``emotion_ai/learn/texts``, numbers from
``emotion_ai/learn``, pictures from here."""
