"""Readiness: whoever asks, and however many, each thing is looked at once at a time."""

import asyncio

from interfaces.http.readiness import Check


async def test_many_who_ask_at_once_are_one_look() -> None:
    looks, answered = 0, asyncio.Event()

    async def probe() -> str | None:
        nonlocal looks
        looks += 1
        await answered.wait()
        return f"look {looks}"

    check = Check("database", probe)
    asked = [asyncio.create_task(check.run()) for _ in range(20)]
    await asyncio.sleep(0)
    asked[0].cancel()  # who leaves takes nothing away from the others
    await asyncio.wait(asked[:1])
    answered.set()
    assert await asyncio.gather(*asked[1:]) == ["look 1"] * 19
    assert await check.run() == "look 2"
