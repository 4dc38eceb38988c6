"""KDEF (Lundqvist, Flykt and Öhman 1998, ISBN 91-630-7164-9): 70 people, seven posed expressions
from five angles.

The file name ``AF01/AF01ANS.JPG`` holds session, sex and number of the subject, expression, and
the angle: full left, half left, straight, half right, full right.
"""

import re

from emotion_ai.datasets.formats.file_names import reading_of_names
from emotion_ai.datasets.formats.reading import Format

_NAME = re.compile(r"(?P<session>[AB])(?P<subject>[FM]\d{2})"
                   r"(?P<expression>AF|AN|DI|HA|NE|SA|SU)(?P<angle>FL|HL|S|HR|FR)\.(?:jpe?g|png)",
                   re.IGNORECASE)  # fmt: skip

TREES = (Format("KDEF", "KDEF", "images named AF01ANS.JPG (KDEF)",
                *reading_of_names(_NAME), rank=3),)  # fmt: skip
