"""The process that hosts one user's function and answers the runtime over a descriptor of its own."""
