"""One file for each kind of data set, found by name: see :class:`data.spec.Preprocess`.

Images stay uint8: the mean and deviation are applied on the device, where it is cheaper and a
quarter of the bytes travel.
"""
