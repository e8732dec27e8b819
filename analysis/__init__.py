"""Tables and figures from run files alone."""
