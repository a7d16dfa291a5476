"""What doctor asks beside the database: Redis, the API, the model."""

import asyncio
import time

import httpx2
from redis.asyncio import Redis
from redis.exceptions import RedisError

from infrastructure.redis_client import connect_redis
from infrastructure.settings import Settings
from interfaces.cli.finding import Finding, note, ok, problem

PATIENCE_SECONDS = 3.0


async def redis_finding(url: str) -> Finding:
    """Does it answer, and who is it?"""
    redis = connect_redis(url, socket_timeout_seconds=2.0, retries=0)
    try:
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_SECONDS):
            info = await _server_of(redis)
        milliseconds = (time.monotonic() - began) * 1000
    except (RedisError, OSError, TimeoutError) as error:
        advice = "start it, or look at THREADLOG_REDIS_URL; until then streams come by the log"
        return problem("redis", f"does not answer: {type(error).__name__}", advice)
    finally:
        await redis.aclose()
    name = info.get("server_name", "redis")
    version = info.get("valkey_version") or info.get("redis_version")
    return ok("redis", f"{name} {version}, a round trip takes {milliseconds:.1f} ms")


async def _server_of(redis: Redis) -> dict[str, object]:
    """Its facts about itself, in one round trip."""
    return await redis.info("server")  # pyright: ignore[reportUnknownMemberType]


async def api_finding(settings: Settings) -> Finding:
    """What `/readyz` says."""
    url = f"http://{settings.host}:{settings.port}/readyz"
    try:
        async with httpx2.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            answer = await http.get(url)
        checks: dict[str, str] = answer.json()["checks"]
    except (httpx2.TransportError, ValueError, KeyError) as error:
        advice = "./do run or `threadlog api`; THREADLOG_HOST and THREADLOG_PORT say where it is"
        return problem("api", f"{url} does not answer: {type(error).__name__}", advice)
    wrong = ", ".join(f"{name}: {fault}" for name, fault in checks.items() if fault != "ok")
    if wrong:
        return problem("api", f"answers, but {wrong}", "see the lines above")
    return ok("api", f"{url} says ready")


async def model_finding(settings: Settings) -> Finding:
    """Can the default model be made? Nothing is sent to a provider."""
    if settings.model == "demo":
        return note("model", "demo: built in, needs no key")
    from application import models  # noqa: PLC0415 - it takes seconds to load

    try:
        models.resolve_model(settings.model)
    except (models.UnknownModel, models.ModelKeyMissing, models.ProviderNotInstalled) as error:
        return problem("model", str(error), "see THREADLOG_MODEL in README.md")
    finally:
        await models.close_models()
    return ok("model", f"{settings.model}: its key is set")
