"""Web parts that API and pages share: authentication, request bodies, problems, routing, logs, metrics."""
