"""What is watched: a camera, or a screen or window of this machine, such as a video call."""

import streamlit as st

SCREEN = "Screen or window"
SOURCES = ("Camera", SCREEN)

#: The video component asks for a camera and knows nothing else. Its frame is of this page's own
#: origin, so its question can be answered with a screen share, which this page asks for.
_SCRIPT = """
<script>
(() => {
  const screen = SCREEN_WANTED;
  const answer = () => {
    for (const frame of document.querySelectorAll("iframe[title*='webrtc_streamer']")) {
      const devices = frame.contentWindow?.navigator?.mediaDevices;
      if (!devices?.getUserMedia) continue;
      devices.emotionCamera ??= devices.getUserMedia.bind(devices);
      devices.getUserMedia = (wish) => !screen || !wish.video
        ? devices.emotionCamera(wish)
        : navigator.mediaDevices.getDisplayMedia({
            video: { width: wish.video.width, height: wish.video.height,
                     frameRate: wish.video.frameRate },
            audio: false,
          });
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
    st.html(_SCRIPT.replace("SCREEN_WANTED", wanted), unsafe_allow_javascript=True)
