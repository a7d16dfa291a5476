"""The worker process: claims completions, answers them, and sweeps up after dead workers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from application.agents import load_agents
from application.claims import Claims
from application.engine import ChatEngine
from application.models import close_models, resolve_model
from domain.ids import uuid7
from infrastructure.cancel_hint import listen_for_cancels
from infrastructure.event_log import RUNTIME, PostgresBlobStore
from infrastructure.event_log.connection import connect
from infrastructure.event_log.database import Database
from infrastructure.queue.drain import serve
from infrastructure.read_database import ReadDatabase
from infrastructure.settings import Settings
from infrastructure.worker.heartbeat import Heartbeat
from infrastructure.worker.open_runs import OpenRuns
from infrastructure.worker.runner import Runner
from infrastructure.worker.sweeper import Sweeper
from infrastructure.worker.wake_up import register
from interfaces import processes
from interfaces.agents.demo_model import demo_model
from interfaces.bootstrap import Ground, ground
from interfaces.cli.servers import Addresses

HAND_OVER_SECONDS = 5.0
