"""Server processes: started, drained and stopped; several of them under a supervisor."""
