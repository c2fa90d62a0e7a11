"""Tables 1 to 5 of the paper in their own form: published numbers beside measured ones, never ranked together."""
