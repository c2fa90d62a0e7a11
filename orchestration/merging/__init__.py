"""Several recorded studies as one."""
