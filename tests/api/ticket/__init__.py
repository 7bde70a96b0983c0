"""HTTP operations on tickets."""
