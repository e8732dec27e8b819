"""Networks in Flax NNX: plain keyword arguments in, logits out."""
