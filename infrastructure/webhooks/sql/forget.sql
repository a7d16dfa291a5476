-- What of webhook $1 stands after position $2 will be planned anew.
DELETE FROM threadlog.webhook_deliveries WHERE webhook_id = $1 AND position > $2
