"""Detection in plain loops over plain numbers: what is slow and cannot be misread."""

import numpy as np


def iou(a, b):
    """Of two boxes, in float32 as the device has it."""
    height = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    width = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    shared = np.float32(height) * np.float32(width)
    areas = [np.float32(box[2] - box[0]) * np.float32(box[3] - box[1]) for box in (a, b)]
    return shared / (areas[0] + areas[1] - shared) if shared > 0 else np.float32(0)


def anchors(size, scale, octaves, ratios):
    rows = []
    for stride in (8, 16, 32, 64, 128):
        for row in range(size[0] // stride):
            for column in range(size[1] // stride):
                for octave in range(octaves):
                    for wide, tall in ratios:
                        side = scale * stride * 2 ** (octave / octaves)
                        y, x = (row + 0.5) * stride, (column + 0.5) * stride
                        h, w = side * tall / 2, side * wide / 2
                        rows.append([y - h, x - w, y + h, x + w])
    return np.array(rows)


def match(anchors, boxes, mask, positive_iou, negative_iou, force_match):
    """("+", box), ("-",) or ("ignored",) of every anchor."""
    real = [number for number, is_real in enumerate(mask) if is_real]
    overlaps = {number: [iou(anchor, boxes[number]) for anchor in anchors] for number in real}
    results = []
    for place in range(len(anchors)):
        largest, best = 0, None
        for number in real:
            if overlaps[number][place] > largest:
                largest, best = overlaps[number][place], number
        if largest >= np.float32(positive_iou):
            results.append(("+", best))
        else:
            results.append(("-",) if largest < np.float32(negative_iou) else ("ignored",))
    taken = {}
    for number in real:
        largest = max(overlaps[number])
        favourite = overlaps[number].index(largest)
        if force_match and largest > 0 and favourite not in taken:
            taken[favourite] = ("+", number)
    return [taken.get(place, result) for place, result in enumerate(results)]


def nms(boxes, classes, alive, max_iou, limit):
    """Numbers of the boxes picked; the boxes are the best one first."""
    picked = []
    for number in np.flatnonzero(alive):
        rivals = [other for other in picked if classes[other] == classes[number]]
        if all(iou(boxes[number], boxes[other]) <= np.float32(max_iou) for other in rivals):
            picked.append(int(number))
    return picked[:limit]


def detect(logits, codes, anchors, size, candidates, min_score, max_iou, limit):
    """[(box, score, class), ...] of one image, best first."""
    pairs = [(anchor, label) for anchor in range(len(logits)) for label in range(logits.shape[1])]
    pairs.sort(key=lambda pair: -logits[pair])  # stable: equal ones stay in their order
    boxes, scores, labels = [], [], []
    for anchor, label in pairs[:candidates]:
        top, left, bottom, right = map(float, anchors[anchor])
        height, width = bottom - top, right - left
        ty, tx, th, tw = map(float, codes[anchor])
        y, x = top + height / 2 + ty * height, left + width / 2 + tx * width
        h, w = height * np.exp(min(th, np.log(62.5))), width * np.exp(min(tw, np.log(62.5)))
        box = [y - h / 2, x - w / 2, y + h / 2, x + w / 2]
        box = [min(max(box[i], 0), size[i % 2]) for i in range(4)]
        score = 1 / (1 + np.exp(-float(logits[anchor, label])))
        if score > min_score and box[2] > box[0] and box[3] > box[1]:
            boxes.append(box)
            scores.append(score)
            labels.append(label)
    picked = nms(boxes, labels, [True] * len(boxes), max_iou, limit)
    return [(boxes[i], scores[i], labels[i]) for i in picked]
