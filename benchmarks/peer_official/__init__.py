"""Our DMD beside the code that its authors published: what is learned, and what a training step costs."""
