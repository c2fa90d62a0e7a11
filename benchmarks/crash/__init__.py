"""A small real study under every fault that machines are known for; afterwards nothing may be lost or doubled."""
