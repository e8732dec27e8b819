"""Looks into trained networks: pictures of predictions, feature maps, DropBlock at inference."""
