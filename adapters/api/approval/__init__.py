"""HTTP operations on approvals."""
