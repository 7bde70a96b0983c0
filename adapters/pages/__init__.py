"""The pages people work with, rendered by the server, one folder a capability."""
