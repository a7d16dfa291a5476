"""What users may ask for: one command, one function. No module here imports pydantic-ai."""
