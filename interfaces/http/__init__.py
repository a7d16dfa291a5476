"""The HTTP API: routes and streams that translate between clients and the application."""
