"""What is watched: a camera, or a screen or window of this machine, such as a video call."""

import json

import streamlit as st

SCREEN = "Screen or window"
SOURCES = ("Camera", SCREEN)

#: The browser's own names of what goes wrong, as they are said here: what it is, what helps.
TROUBLE = {
    "NotFoundError": (
        "No camera",
        "none was found. Plug one in, or close the program that uses it, and press START again.",
    ),
    "NotAllowedError": (
        "Not allowed",
        "click the camera or lock icon beside the address, allow the camera for this page, and "
        "press START again.",
    ),
    "NotReadableError": (
        "The camera is busy",
        "close the other program or tab that uses it, and press START again.",
    ),
}

#: The video component asks for a camera and knows nothing else. Its frame is of this page's own
#: origin, so its question can be answered with a screen share, which this page asks for.
_SCRIPT = """
<script>
(() => {
  const screen = SCREEN_WANTED;
  const trouble = TROUBLE;
  const say = (frame) => (error) => {
    const [name, help] = trouble[error.name] ?? [];
    if (!name) throw error;
    throw Object.assign(new frame.contentWindow.Error(help), { name });
  };
  const answer = () => {
    for (const frame of document.querySelectorAll("iframe[title*='webrtc_streamer']")) {
      const devices = frame.contentWindow?.navigator?.mediaDevices;
      if (!devices?.getUserMedia) continue;
      devices.emotionCamera ??= devices.getUserMedia.bind(devices);
      devices.getUserMedia = (wish) => !screen || !wish.video
        ? devices.emotionCamera(wish).catch(say(frame))
        : navigator.mediaDevices.getDisplayMedia({
            video: { width: wish.video.width, frameRate: wish.video.frameRate },
            audio: false,
          }).catch(say(frame));
    }
  };
  clearInterval(window.emotionSource);
  window.emotionSource = setInterval(answer, 300);
  answer();
})();
</script>
"""


def answer_with(source: str) -> None:
    """From the next START on the video shows ``source``, one of ``SOURCES``."""
    wanted = "true" if source == SCREEN else "false"
    script = _SCRIPT.replace("SCREEN_WANTED", wanted).replace("TROUBLE", json.dumps(TROUBLE))
    st.html(script, unsafe_allow_javascript=True)
