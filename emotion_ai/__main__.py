import sys

from emotion_ai.cli.program import run

sys.exit(run())
