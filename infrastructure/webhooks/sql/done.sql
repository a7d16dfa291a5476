-- What was asked of webhook $1 up to version $2 of its stream has been done, and makes it begin
-- again after position $3 where it stood behind that.
UPDATE threadlog.webhook_cursors
   SET version = $2, position = least(position, $3)
 WHERE webhook_id = $1
