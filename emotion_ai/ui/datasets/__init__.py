"""The Datasets page: a module a tab, and what they share."""

from emotion_ai.ui.datasets.augment import augment_tab
from emotion_ai.ui.datasets.balance import balance_tab
from emotion_ai.ui.datasets.browse import browse_tab
from emotion_ai.ui.datasets.compare import compare_tab
from emotion_ai.ui.datasets.keypoints import keypoints_tab
from emotion_ai.ui.datasets.map import map_tab
from emotion_ai.ui.datasets.problems import problems_tab
from emotion_ai.ui.datasets.scatter import scatter_tab

_COMMON = {
    "Augment": augment_tab,
    "Problems": problems_tab,
    "Map": map_tab,
    "Scatter": scatter_tab,
    "Compare": compare_tab,
}
#: Tabs by the task of the dataset.
TABS = {
    "expression": {"Browse": browse_tab, "Balance": balance_tab, **_COMMON},
    "keypoints": {
        "Browse": browse_tab, "Balance": balance_tab, "Keypoints": keypoints_tab, **_COMMON
    },
}  # fmt: skip
