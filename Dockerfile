# Three images, one file:
#   docker build -t emotion-ai .                  everything: training and export with TensorFlow
#   docker build -t emotion-ai:slim --target slim .   browses, evaluates, reads photos and cameras
#   docker build -t emotion-ai:cluster --target cluster .   with Ray: docs/clusters.md
# docs/hosting.md says how to run them and what they take.

ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3-venv \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && python3 -m venv /opt/pip \
 && python3 -m venv --without-pip /opt/app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-app.txt /build/
RUN /opt/pip/bin/pip --python /opt/app/bin/python install -r /build/requirements-app.txt \
 && cd /opt/app/lib/python3*/site-packages \
 && rm -rf pyarrow/tests pyarrow/include numpy/*/tests pandas/tests scipy/*/tests scipy/*/*/tests \
           sklearn/tests sklearn/*/tests

FROM build AS build-training
# Without the GPU's part of TensorFlow. On other processors: --build-arg TENSORFLOW=tensorflow
ARG TENSORFLOW=tensorflow-cpu
COPY requirements-train.txt /build/
RUN cd /build \
 && sed "s/^tensorflow>/${TENSORFLOW}>/; /^tensorflow-serving-api/d" requirements-train.txt > cpu.txt \
 && grep -o '^tensorflow-serving-api[^ ]*' requirements-train.txt > serving.txt \
 && /opt/pip/bin/pip --python /opt/app/bin/python install -r cpu.txt \
 && /opt/pip/bin/pip --python /opt/app/bin/python install --no-deps -r serving.txt \
 && rm -rf /opt/app/lib/python3*/site-packages/tensorflow/include

FROM build-training AS build-cluster
COPY requirements-cluster.txt /build/
RUN /opt/pip/bin/pip --python /opt/app/bin/python install -r /build/requirements-cluster.txt s3fs

FROM build AS weights
# The face detector's, and the runtime that reads in visitors' browsers: downloaded and compared with
# their checksums by the app itself.
COPY emotion_ai /build/emotion_ai
RUN cd /build && EMOTION_AI_CACHE=/build/cache /opt/app/bin/python -c "import shutil; \
from emotion_ai.faces.detection import find_yunet; from emotion_ai.settings import settings; \
shutil.copy(find_yunet(settings()), '/opt/yunet.onnx')" \
 && EMOTION_AI_CACHE=/build/cache /opt/app/bin/python -m emotion_ai device fetch /opt/device

FROM ${BASE} AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin emotion \
 && install -d -o emotion -g emotion /data /data/serving
ENV PATH=/opt/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    EMOTION_AI_YUNET=/opt/yunet.onnx \
    EMOTION_AI_DEVICE=/opt/device \
    EMOTION_AI_DATA=/data/datasets \
    EMOTION_AI_RUNS=/data/runs \
    EMOTION_AI_SEARCHES=/data/searches \
    EMOTION_AI_SERVING=/data/serving \
    EMOTION_AI_CACHE=/data/cache
COPY --from=weights /opt/yunet.onnx /opt/
COPY --from=weights /opt/device /opt/device
WORKDIR /app
COPY . .
# All that is written lies here, and in /tmp; the rest may be read-only. The folders are there for
# volumes that are mounted on one of them: those take its owner over.
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
USER emotion
CMD ["streamlit", "run", "streamlit_app.py"]

FROM base AS slim
COPY --from=build /opt/app /opt/app

FROM base AS cluster
# The default is for a dashboard; KubeRay starts Ray by commands of its own.
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends bash wget \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
USER emotion
ENV RAY_USAGE_STATS_ENABLED=0 PYTHONPATH=/app
COPY --from=build-cluster /opt/app /opt/app

FROM base AS full
# A promoted run becomes a model: give /app/models a volume of its own to keep it.
USER root
RUN chown -R emotion:emotion /app/models
USER emotion
COPY --from=build-training /opt/app /opt/app
