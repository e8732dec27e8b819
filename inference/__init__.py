"""What a trained network says of images that are nobody's data set, and its way out of here."""
