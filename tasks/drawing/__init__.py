"""Pictures of what a network says about an example, for people: Pillow alone."""
