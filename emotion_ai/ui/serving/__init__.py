"""The Models & serving page: a module a tab."""

from emotion_ai.ui.serving.load import load_tab
from emotion_ai.ui.serving.models import models_tab
from emotion_ai.ui.serving.request import request_tab
from emotion_ai.ui.serving.served import served_tab

#: Tabs in order.
TABS = {"Models": models_tab, "Served": served_tab, "Request": request_tab, "Load": load_tab}
