"""What a worker is shut into: its limits, its user, its namespaces, its system calls."""
