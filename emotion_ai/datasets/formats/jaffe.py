"""JAFFE (Lyons et al. 1998, doi:10.1109/AFGR.1998.670949): ten women, seven posed expressions.

The file name ``KA.AN1.39.tiff`` holds subject, expression with its take, and a number.
"""

import re

from emotion_ai.datasets.formats.file_names import reading_of_names
from emotion_ai.datasets.formats.reading import Format

_NAME = re.compile(r"(?P<subject>[A-Z]{2})\.(?P<expression>AN|DI|FE|HA|NE|SA|SU)\d\.\d+\."
                   r"(?:tiff?|png|jpe?g)", re.IGNORECASE)  # fmt: skip

TREES = (Format("JAFFE", "JAFFE", "images named KA.AN1.39.tiff (JAFFE)",
                *reading_of_names(_NAME), rank=3),)  # fmt: skip
