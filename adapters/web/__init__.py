"""What API and pages share: authentication, request bodies, problems, routing, logs, measures."""
