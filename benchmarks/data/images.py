"""Image files by OpenCV."""

import cv2
from calling import calling


def build(mode, options, conditions):
    path = conditions["material"]["imagePath"]
    return calling(conditions, lambda: cv2.imread(path, cv2.IMREAD_COLOR_RGB))
