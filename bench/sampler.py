"""A Python module run under samples of its processor time: ``python -m bench.sampler FILE MODULE [ARGUMENT…]``.

The kernel's timer ITIMER_PROF counts the time that the process itself has of a processor, so what others do on the machine
is not in the samples. SIGUSR1 begins the samples, and again ends them and writes FILE: a stack a line, outermost first, with
its count, as ``bench.processor`` reads it.
"""

import runpy
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

SECONDS_BETWEEN = 0.004


@dataclass
class Sampler:
    """Counts the stacks that the timer interrupts."""

    file: Path
    counts: Counter[str] = field(default_factory=Counter)
    running: bool = False

    def install(self) -> None:
        """Obey SIGUSR1."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.signal(signal.SIGUSR1, self._turn)

    def _turn(self, _: int, __: FrameType | None) -> None:
        self.running = not self.running
        pause = SECONDS_BETWEEN if self.running else 0
        signal.setitimer(signal.ITIMER_PROF, pause, pause)
        if not self.running:
            written = self.file.with_suffix(".part")
            written.write_text("".join(f"{stack} {count}\n" for stack, count in self.counts.items()))
            written.rename(self.file)
            self.counts.clear()

    def _sample(self, _: int, frame: FrameType | None) -> None:
        frames = []
        while frame is not None:
            code = frame.f_code
            frames.append(f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
            frame = frame.f_back
        self.counts[";".join(reversed(frames))] += 1


if __name__ == "__main__":
    target, module, *rest = sys.argv[1:]
    Sampler(Path(target)).install()
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
