"""How the world reaches Threadlog: HTTP, the command line, and the wiring of each process."""
