"""The eventsourcing library's view of a store: a recorder and an application for programs that use the library."""
