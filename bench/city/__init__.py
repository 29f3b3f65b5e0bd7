"""The benchmark's city: everything that a prefecture-level city holds in a year, invented, and the same at each load."""

from bench.city.loading import Loaded, Progress, load_city
from bench.city.preset import PRESETS, Preset
from bench.city.viewers import Cast, Landmarks, cast_of, landmarks_of

__all__ = ["PRESETS", "Cast", "Landmarks", "Loaded", "Preset", "Progress", "cast_of", "landmarks_of", "load_city"]
