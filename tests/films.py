"""Films for the tests, written in the formats of the real ones."""

from fractions import Fraction

import numpy as np

from stlib.extras import load

# Intra-coded and lossless; MPEG-4 as KTH's own files; as the web's.
CODECS = {"ffv1": "bgr0", "mpeg4": "yuv420p", "libvpx": "yuv420p", "libvpx-vp9": "yuv420p"}


def write_film(path, images, codec="ffv1", rate=25):
    """Write ``[time, height, width, 3]`` bytes of red, green and blue."""
    av = load("av", "train")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate))
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt = CODECS[codec]
        stream.bit_rate = 4_000_000
        container.start_encoding()  # a header, even before no frame
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def some_images(count=12, height=24, width=32, seed=0):
    """Smooth colours that move, so that lossy codecs keep them nearly."""
    shift = np.random.default_rng(seed).uniform(0, 6, 3)
    t, y, x = np.mgrid[:count, :height, :width]
    waves = [np.sin(0.11 * x + 0.17 * y * (c + 1) / 2 + 0.5 * t + shift[c]) for c in range(3)]
    return np.rint(127.5 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def numbered(count, height=24, width=32):
    """Gray films whose every frame has the value of its number."""
    return np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, height, width, 3)
    ).copy()
