"""The read model of approvals: which commands wait for whom."""
