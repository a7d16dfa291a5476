-- Appends one batch; see the function's own text in infrastructure/migrations.
SELECT conflicts, versions, prev_positions, first_position, recorded_at
  FROM threadlog.chat_events_append($1, $2, $3, $4, $5, $6, $7, $8)
