import sys

from emotion_ai.cli import main

sys.exit(main())
