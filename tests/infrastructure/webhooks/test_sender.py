"""Events of the log arrive at the webhooks that want them, signed, in order, and at nobody else."""

import asyncio
import base64
import hashlib
import hmac
import time
from uuid import uuid4

from application.commands.context import Principal
from application.commands.keys import IssueKey, RevokeKey, issue_key, revoke_key
from application.commands.webhooks import (
    change_webhook,
    delete_webhook,
    replay_webhook,
    retry_webhook,
    rotate_secret,
)
from application.keys import ADMINISTRATOR, Accounts
from application.webhook_secrets import shown, webhook_secret
from domain.completion_events import Chunk, CompletionStarted, MessageRecorded
from infrastructure.relay.frames import json_object
from infrastructure.webhooks.deliveries import Patience
from tests.infrastructure.webhooks.desk import Desk, assert_all_in_order, until
from tests.infrastructure.webhooks.receiver import ERROR, OK, Post, receiving

CHUNK = Chunk(1, 1, 0, "text", "Hello", ((5, 0),))
NEVER = Patience(pauses_seconds=(3600,))


def is_signed(post: Post, secret: str) -> bool:
    """As the Standard Webhooks specification says it, without any code of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode()
    wanted = base64.b64encode(hmac.new(key, message + post.body, hashlib.sha256).digest()).decode()
    assert abs(time.time() - int(post.headers["webhook-timestamp"])) < 60
    return f"v1,{wanted}" in post.headers["webhook-signature"].split(" ")


async def test_events_arrive_as_clients_get_them_and_signed(desk: Desk) -> None:
    ada, thread = await desk.person(), uuid4()
    async with receiving() as receiver, desk.sending():
        await desk.say(thread, by=ada)  # before there is a webhook
        webhook = await desk.webhook(receiver.url, by=ada)
        [position] = await desk.say(thread, by=ada)
        await until(lambda: len(receiver.posts) > 0)
    [post] = receiver.posts
    [entry] = (await desk.log.reader.read_after(position - 1, limit=1)).entries
    assert post.body == json_object(entry)
    assert post.id == f"{webhook}_{position}"
    assert post.headers["content-type"] == "application/json"
    assert is_signed(post, shown(webhook_secret(await desk.secret(), webhook, generation=0)))
    assert not is_signed(post, shown(webhook_secret(await desk.secret(), webhook, generation=1)))


async def test_only_public_events_of_ones_own_threads_are_sent_and_chunks_only_if_named(
    desk: Desk,
) -> None:
    ada, bob, thread, answer = await desk.person(), await desk.person(), uuid4(), uuid4()
    async with receiving() as plain, receiving() as chunks, receiving() as everybody:
        await desk.webhook(plain.url, by=ada)
        await desk.webhook(chunks.url, by=ada, names=("completion.chunk", "thread.renamed"))
        await desk.webhook(everybody.url, by=await desk.person("admin"), all_threads=True)
        of_ada = await desk.say(thread, by=ada)
        of_bob = await desk.say(uuid4(), by=bob)
        claimed = await desk.said(answer, CompletionStarted(1, uuid4()), thread=thread, by=ada)
        await desk.said(answer, MessageRecorded(1, 1, {}), thread=thread, by=ada)
        chunk = await desk.said(answer, CHUNK, thread=thread, by=ada)
        async with desk.sending():
            await until(lambda: len(everybody.posts) >= 5)
            await until(lambda: len(plain.posts) >= 3 and len(chunks.posts) >= 2)
            last = await desk.say(thread, by=ada)
            await until(lambda: all(last[0] in one.positions for one in (plain, chunks, everybody)))
    assert sorted(plain.positions) == [*of_ada, claimed, *last]
    assert sorted(chunks.positions) == [of_ada[1], chunk, *last]
    assert sorted(everybody.positions) == [*of_ada, *of_bob, claimed, *last]


async def test_a_thread_stays_in_order_through_failures_and_others_go_on_without_it(
    desk: Desk,
) -> None:
    ada, stuck = await desk.person(), uuid4()
    failures = 0

    async def fail_thrice(post: Post) -> bytes:
        nonlocal failures
        if post.event["thread_id"] == str(stuck) and failures < 3:
            failures += 1
            return ERROR
        return OK

    async with receiving(fail_thrice) as receiver:
        await desk.webhook(receiver.url, by=ada)
        expected = [one for _ in range(5) for one in await desk.say(stuck, by=ada)]
        for _ in range(20):
            expected += await desk.say(uuid4(), by=ada)
        async with desk.sending():
            await until(lambda: len(receiver.posts) >= len(expected) + 3)
    assert assert_all_in_order(receiver.posts, expected) == 3
    assert receiver.most_at_once <= 10


async def test_what_fails_to_the_end_is_given_up_its_thread_goes_on_and_it_can_be_retried(
    desk: Desk,
) -> None:
    ada, thread = await desk.person(), uuid4()
    healthy = False

    async def refuse(post: Post) -> bytes:
        return OK if healthy or post.position != poison else ERROR

    patience = Patience(pauses_seconds=(0.02, 0.02))
    async with receiving(refuse) as receiver, desk.sending(patience=patience):
        webhook = await desk.webhook(receiver.url, by=ada)
        _, poison = await desk.say(thread, by=ada)
        [after] = await desk.say(thread, by=ada)
        await until(lambda: after in receiver.positions)
        await until(lambda: desk.has_rows(webhook, 1))
        [dead] = await desk.rows(webhook)
        assert receiver.positions.count(poison) == 3
        assert (dead["position"], dead["dead"], dead["attempts"]) == (poison, True, 3)
        assert dead["error"] == "HTTP 500", "and nothing of what the receiver says"
        healthy = True
        await retry_webhook(desk.log, desk.webhooks, webhook, by=ada)
        await until(lambda: desk.has_rows(webhook, 0))
    assert receiver.positions.count(poison) == 4


async def test_a_retry_does_not_wait_for_the_pause_of_what_has_failed(desk: Desk) -> None:
    ada, healthy = await desk.person(), False

    async def refuse(_: Post) -> bytes:
        return OK if healthy else ERROR

    async with receiving(refuse) as receiver, desk.sending(patience=NEVER):
        webhook = await desk.webhook(receiver.url, by=ada)
        await desk.say(uuid4(), by=ada)
        await until(lambda: desk.has_failed(webhook))
        healthy = True
        await retry_webhook(desk.log, desk.webhooks, webhook, by=ada)
        await until(lambda: desk.has_rows(webhook, 0))
    assert len(receiver.posts) == 3


async def test_a_replay_sends_everything_after_a_position_again_with_the_same_ids(
    desk: Desk,
) -> None:
    ada, thread = await desk.person(), uuid4()
    old = await desk.say(thread, by=ada)
    async with receiving() as receiver, desk.sending():
        webhook = await desk.webhook(receiver.url, by=ada)
        new = await desk.say(thread, by=ada)
        await until(lambda: receiver.positions == new)
        await replay_webhook(desk.log, desk.webhooks, webhook, by=ada, after=old[0])
        await until(lambda: receiver.positions == [*new, old[1], *new])
    assert receiver.posts[0].id == receiver.posts[2].id


async def test_a_webhook_that_is_not_enabled_gets_nothing_and_later_what_it_has_missed(
    desk: Desk,
) -> None:
    ada, thread = await desk.person(), uuid4()
    async with receiving() as receiver, receiving() as witness, desk.sending():
        webhook = await desk.webhook(receiver.url, by=ada)
        await desk.webhook(witness.url, by=ada)
        first = await desk.say(thread, by=ada)
        await until(lambda: receiver.positions == first)
        await change_webhook(desk.log, desk.webhooks, webhook, by=ada, changes={"enabled": False})
        missed = await desk.say(thread, by=ada)
        await until(lambda: witness.positions == first + missed)
        assert receiver.positions == first
        await change_webhook(desk.log, desk.webhooks, webhook, by=ada, changes={"enabled": True})
        await until(lambda: receiver.positions == first + missed)


async def test_a_deleted_webhook_stops_at_once_what_is_under_way_too(desk: Desk) -> None:
    ada, thread = await desk.person(), uuid4()

    async def never(_: Post) -> bytes:
        await asyncio.Event().wait()
        return OK

    async with receiving(never) as receiver, receiving() as witness, desk.sending():
        webhook = await desk.webhook(receiver.url, by=ada)
        await desk.webhook(witness.url, by=ada)
        first = await desk.say(thread, by=ada)
        await until(lambda: len(receiver.posts) == 1)
        await delete_webhook(desk.log, desk.webhooks, webhook, by=ada)
        await until(lambda: receiver.hung_up == 1)
        more = [*await desk.say(thread, by=ada), *await desk.say(uuid4(), by=ada)]
        await until(lambda: sorted(witness.positions) == first + more)
        assert await desk.has_rows(webhook, 0)
    assert receiver.positions == first[:1]


async def test_a_receiver_that_says_gone_is_left_alone_until_it_is_enabled(desk: Desk) -> None:
    ada, gone = await desk.person(), True

    async def answer(_: Post) -> bytes:
        return b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n" if gone else OK

    async def is_stopped() -> bool:
        found = await desk.webhooks.find(webhook)
        return found is not None and not found.enabled

    async with receiving(answer) as receiver, desk.sending():
        webhook = await desk.webhook(receiver.url, by=ada)
        positions = await desk.say(uuid4(), by=ada)
        await until(is_stopped)
        assert desk.webhooks.known[webhook].reason == "the receiver answered 410 Gone"
        await desk.say(uuid4(), by=ada)
        gone = False
        await change_webhook(desk.log, desk.webhooks, webhook, by=ada, changes={"enabled": True})
        await until(lambda: len(receiver.posts) >= 5)
    assert receiver.positions[:2] == [positions[0]] * 2


async def test_a_rotated_secret_and_the_one_before_both_sign(desk: Desk) -> None:
    ada = await desk.person()
    async with receiving() as receiver, desk.sending():
        webhook = await desk.webhook(receiver.url, by=ada)
        await rotate_secret(desk.log, desk.webhooks, webhook, by=ada, generation=0)
        await desk.say(uuid4(), by=ada)
        await until(lambda: len(receiver.posts) == 2)
    secret = await desk.secret()
    for generation in (0, 1):
        assert is_signed(
            receiver.posts[0], shown(webhook_secret(secret, webhook, generation=generation))
        )


async def test_receivers_that_never_answer_delay_nobody_else(desk: Desk) -> None:
    """Fifteen of them would take all hundred places."""
    ada, bob = await desk.person(), await desk.person()

    async def never(_: Post) -> bytes:
        await asyncio.Event().wait()
        return OK

    async with receiving(never) as slow, receiving() as quick:
        for _ in range(15):
            await desk.webhook(slow.url, by=ada)
        await desk.webhook(quick.url, by=bob)
        for _ in range(12):
            await desk.say(uuid4(), by=ada)
        async with desk.sending(timeout_seconds=3600):
            await until(lambda: len(slow.posts) >= 50)
            expected = await desk.say(uuid4(), by=bob)
            await until(lambda: quick.positions == expected, seconds=3)
    assert slow.most_at_once <= 100


async def test_a_receiver_that_fails_is_asked_by_one_request_at_a_time(desk: Desk) -> None:
    ada = await desk.person()

    async def refuse(_: Post) -> bytes:
        await asyncio.sleep(0.005)
        return ERROR

    async with receiving(refuse) as receiver:
        await desk.webhook(receiver.url, by=ada)
        for _ in range(30):
            await desk.say(uuid4(), by=ada)
        async with desk.sending():
            await until(lambda: len(receiver.posts) >= 20)
            receiver.most_at_once = 0
            await until(lambda: len(receiver.posts) >= 60)
    assert receiver.most_at_once <= 1


async def test_who_has_no_key_any_more_gets_nothing_any_more(desk: Desk) -> None:
    """An administrator's webhook for all threads is worth what the administrator's key is."""
    ada, admin = await desk.person(), await desk.person("admin")
    thread, accounts = uuid4(), Accounts(desk.log)
    async with receiving() as theirs, receiving() as own, desk.sending(check_seconds=0.1):
        await desk.webhook(theirs.url, by=admin, all_threads=True)
        await desk.webhook(own.url, by=ada)
        first = await desk.say(thread, by=ada)
        await until(lambda: theirs.positions == own.positions == first)
        revoke = RevokeKey(admin, admin.key_id, admin.user_id)
        await revoke_key(desk.log, accounts, revoke)

        async def is_noticed() -> bool:
            """Said again and again, until one of them comes to its owner alone."""
            [position] = await desk.say(thread, by=ada)
            await until(lambda: position in own.positions)
            await asyncio.sleep(0.1)
            return position not in theirs.positions

        await until(is_noticed)
        missed = max(own.positions)
        [later] = await desk.say(thread, by=ada)
        await until(lambda: later in own.positions)
        assert missed not in theirs.positions
        key = IssueKey(Principal(ADMINISTRATOR, "admin", uuid4()), admin.user_id, "admin")
        await issue_key(desk.log, accounts, key)
        await until(lambda: missed in theirs.positions)
