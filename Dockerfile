# One image for every process of the service: web, worker, beat, Flower, migrations (docker-compose.yml).
FROM python:3.13-slim AS build
COPY requirements/prod.txt /tmp/prod.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /tmp/prod.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DOCUMENT_STORAGE=/data/documents
RUN useradd --system --uid 10001 --home-dir /app byggbro \
    && install --directory --owner byggbro /data/documents
COPY --from=build /venv /venv
WORKDIR /app
# .dockerignore lets nothing through but what runs.
COPY . .
# Settings refuse to load without these; nothing is reached and nothing of them stays in the image.
RUN SECRET_KEY=build ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost PUBLIC_URL=https://build.example.com \
    FORTNOX_CLIENT_ID=build FORTNOX_CLIENT_SECRET=build \
    python manage.py collectstatic --noinput --verbosity 0
USER byggbro
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]
