"""What can be looked at in a trained network: feature maps, class activation, DropBlock at inference.

Each probe is a file with ``why_not(task)``: None where it fits a task, else why not, in words.
"""
