"""Terminal commands for those who run the service: store, settings, server, read models, demonstration."""
