"""The Train page: a module a tab, and what they share."""

from emotion_ai.ui.train.compare import compare_tab
from emotion_ai.ui.train.search import show as search_tab
from emotion_ai.ui.train.start import runs_tab

#: Tabs in order.
TABS = {"Runs": runs_tab, "Compare": compare_tab, "Search": search_tab}
