"""The live copy of the log: events go over Redis Pub/Sub, what is lost there is read again."""
