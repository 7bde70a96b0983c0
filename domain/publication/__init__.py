"""A community's own rules (公布): its price list, its scorecard, days of its calendar; publishing takes two people."""
