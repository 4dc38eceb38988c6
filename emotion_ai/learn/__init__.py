"""The numbers behind the Learn chapters: pure functions, tested against closed forms."""
