import sys

from emotion_ai.cli.program import main

sys.exit(main())
