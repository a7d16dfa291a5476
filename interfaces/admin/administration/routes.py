"""The routes of all pages of administration."""

from fastapi import APIRouter

from interfaces.admin.administration import agents, keys, user, users, webhook_acts, webhooks

router = APIRouter()
for subject in (users, user, keys, agents, webhooks, webhook_acts):
    router.include_router(subject.router)
