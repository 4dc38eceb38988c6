"""Draw synthetic faces on one core: faces/s and seconds for 2,000 of them.

Run with ``python benchmarks/synthetic.py``.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from emotion_ai.datasets.drawn.synthetic import draw_faces, draw_photo

DATASET_FACES = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=500)
    faces = parser.parse_args().faces
    cv2.setNumThreads(1)
    draw_faces(5, 48, seed=0)
    print("what               faces/s   ms a face   s for 2,000")
    for label, size_px, colour in (("48 px grey", 48, False), ("96 px grey", 96, False),
                                   ("192 px colour", 192, True)):  # fmt: skip
        start = time.perf_counter()
        draw_faces(faces, size_px, seed=0, colour=colour)
        each = (time.perf_counter() - start) / faces
        print(f"{label:17}  {1 / each:7.0f}  {1e3 * each:10.2f}  {DATASET_FACES * each:12.1f}")
    start = time.perf_counter()
    draw_photo(seed=0)
    print(f"a photo of five, 960 × 640: {1e3 * (time.perf_counter() - start):.0f} ms")


if __name__ == "__main__":
    main()
