"""Django settings. Every variable is read here and nowhere else; `docs/configuration.md` lists them."""

from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from config import logs
from config.environment import (
    BASE_DIR,
    DATA_DIR,
    encryption_keys,
    env,
    is_local,
    read_files,
    required,
    url,
)

read_files()
LOCAL = is_local()

SECRET_KEY = required("SECRET_KEY")
ENCRYPTION_KEYS = encryption_keys()
DEBUG = False
PUBLIC_URL = url("PUBLIC_URL", "http://127.0.0.1:8700" if LOCAL else None)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if LOCAL else [])
if not ALLOWED_HOSTS:
    ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or ""]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE = PUBLIC_URL.startswith("https://")

if LOCAL:
    from config import embedded

    DATABASE_URL = embedded.database_url()
    REDIS_URL = env.str("REDIS_URL", default="") or embedded.redis_url()
else:
    DATABASE_URL = url("DATABASE_URL", schemes=("postgres", "postgresql"))
    REDIS_URL = url("REDIS_URL", schemes=("redis", "rediss", "unix"))
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or REDIS_URL.replace("unix://", "redis+socket://", 1)

FORTNOX_CLIENT_ID = required("FORTNOX_CLIENT_ID") if not LOCAL else env.str("FORTNOX_CLIENT_ID", default="")
FORTNOX_CLIENT_SECRET = required("FORTNOX_CLIENT_SECRET") if not LOCAL else env.str("FORTNOX_CLIENT_SECRET", default="")
FORTNOX_API_URL = url("FORTNOX_API_URL", "https://api.fortnox.se")
FORTNOX_AUTH_URL = url("FORTNOX_AUTH_URL", "https://apps.fortnox.se/oauth-v1")
FORTNOX_WS_URL = url("FORTNOX_WS_URL", "wss://ws.fortnox.se/topics-v1", schemes=("ws", "wss"))
SMARTDOK_API_URL = url("SMARTDOK_API_URL", "https://api.smartdok.se")
# Without them the two addresses answer 404.
FORTNOX_WEBHOOK_SECRET = env.str("FORTNOX_WEBHOOK_SECRET", default="")
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", default="")
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Django -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_celery_beat",
    "integration",
    "sync",
]
MIDDLEWARE = [
    "config.requests.without_nul",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "sync" / "templates"],  # before unfold's, some of which they replace
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
_database = env.db_url_config(DATABASE_URL)
DATABASES = {
    "default": {
        **_database,
        "HOST": unquote(_database["HOST"]),
        # What a session holds (`sync.engine.alone`) ends within a minute of its machine.
        "OPTIONS": {
            "options": "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
            **_database.get("OPTIONS", {}),
        },
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

vars().update(env.email("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10  # seconds; a silent mail server must not hold up the mails of the other companies
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Byggbro <byggbro@localhost>")

LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"
LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", _("Swedish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Stockholm"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True  # a checkout needs no collectstatic
with suppress(OSError):
    STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns about a missing folder at every start
DOCUMENT_STORAGE = env.str("DOCUMENT_STORAGE", default=str(DATA_DIR / "documents"))
if DOCUMENT_STORAGE.startswith("s3://"):
    _bucket, _, _prefix = DOCUMENT_STORAGE.removeprefix("s3://").partition("/")
    _documents = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": _bucket, "location": _prefix, "file_overwrite": False, "default_acl": None},
    }
else:
    _documents = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": Path(DOCUMENT_STORAGE), "base_url": None},
    }
STORAGES = {
    "default": _documents,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- Security (`check --deploy` is part of `make check`) ----------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # a pre-flight's page sends a field for each document to be taken over
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "sync.setup.refused.refused"

# --- Celery -----------------------------------------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_SEND_SENT_EVENT = True
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Rows decide what is redone (leases), so the broker may keep an unacknowledged message for an hour.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 30, "socket_connect_timeout": 5}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- Log ---------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logs.logging(LOG_LEVEL)
logs.configure_structlog()

UNFOLD = {
    "SITE_TITLE": "Byggbro",
    "SITE_HEADER": "Byggbro",
    "SITE_SUBHEADER": "SmartDok ↔ Fortnox",
    "SITE_SYMBOL": "conversion_path",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "DASHBOARD_CALLBACK": "sync.admin.dashboard.dashboard",
    "STYLES": [lambda request: static("byggbro/admin.css")],
    "COLORS": {
        "primary": {
            "50": "oklch(97.1% .014 236)",
            "100": "oklch(94% .032 236)",
            "200": "oklch(89% .058 236)",
            "300": "oklch(81% .1 237)",
            "400": "oklch(71% .135 238)",
            "500": "oklch(61% .135 241)",
            "600": "oklch(51% .12 243)",
            "700": "oklch(44% .105 244)",
            "800": "oklch(38% .085 244)",
            "900": "oklch(33% .07 245)",
            "950": "oklch(24% .05 246)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "sync.admin.menu.navigation",
    },
}
