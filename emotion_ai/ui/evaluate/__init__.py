"""The Evaluate page: what is chosen, and one short module for each tab.

A tab is a function of the first model's assessment and the second's, or None.
"""

from emotion_ai.ui.evaluate.both import both_tab
from emotion_ai.ui.evaluate.conditions import conditions_tab
from emotion_ai.ui.evaluate.confusion import confusion_tab
from emotion_ai.ui.evaluate.curves import curves_tab
from emotion_ai.ui.evaluate.keypoints import points_tab, worst_tab
from emotion_ai.ui.evaluate.mistakes import mistakes_tab
from emotion_ai.ui.evaluate.table import table_tab
from emotion_ai.ui.evaluate.two import two_models_tab
from emotion_ai.ui.evaluate.why import why_tab
from emotion_ai.ui.evaluate.write import write_tab

_LAST = {"Both together": both_tab, "Two models": two_models_tab, "Write report": write_tab}
#: Tabs for each task, in order.
TABS = {
    "expression": {
        "Confusion": confusion_tab,
        "Table": table_tab,
        "Curves": curves_tab,
        "Mistakes": mistakes_tab,
        "Conditions": conditions_tab,
        "Why?": why_tab,
        **_LAST,
    },
    "keypoints": {"Points": points_tab, "Worst faces": worst_tab, **_LAST},
}
