-- Webhooks: how far each has been sent, and what of that has not arrived.

-- Each process knows all webhooks by reading their few events.
CREATE INDEX chat_events_webhook_idx ON threadlog.chat_events (notification_id)
    WHERE split_part(topic, '@', 1) LIKE 'webhook.%';

-- One row per webhook that is not deleted. Every event up to `position` that the webhook wants has
-- arrived or stands in webhook_deliveries: both are written in one transaction.
CREATE TABLE threadlog.webhook_cursors (
    webhook_id uuid   PRIMARY KEY,
    version    bigint NOT NULL,  -- of the webhook's stream: what was asked up to here has been done
    position   bigint NOT NULL
);

-- Events on their way. Deleted when they have arrived.
CREATE TABLE threadlog.webhook_deliveries (
    webhook_id uuid        NOT NULL,
    position   bigint      NOT NULL,                -- of the event
    thread_id  uuid        NOT NULL,                -- within which they arrive in order
    attempts   int         NOT NULL DEFAULT 0,
    dead       boolean     NOT NULL DEFAULT false,  -- given up until somebody asks for a retry
    due_at     timestamptz NOT NULL DEFAULT now(),  -- when it is tried next
    tried_at   timestamptz,
    error      text,                                -- of the last try: a status or a kind of error
    PRIMARY KEY (webhook_id, position)
);

GRANT SELECT, INSERT, UPDATE, DELETE
    ON threadlog.webhook_cursors, threadlog.webhook_deliveries TO threadlog_runtime;

INSERT INTO threadlog.secrets (name, secret)
VALUES ('webhooks', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
