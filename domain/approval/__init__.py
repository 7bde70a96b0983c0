"""Approvals (第二人审批): commands that wait for a second person."""
