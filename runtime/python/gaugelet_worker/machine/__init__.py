"""What runs inside a virtual machine: its first program, and the ports to the runtime."""
