"""What a community publishes for itself (公布): its price list, its scorecard, days of its calendar; each takes two people."""
