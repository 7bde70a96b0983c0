"""The company of a simulation: estates, staff, residents, rotas and their clock."""
