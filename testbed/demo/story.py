"""The chapters, in their order. A new one is a file in `chapters`, and a line here."""

from testbed.demo.chapter import Chapter
from testbed.demo.chapters.absence import absence
from testbed.demo.chapters.appear import appear
from testbed.demo.chapters.demand import demand
from testbed.demo.chapters.farewell import farewell
from testbed.demo.chapters.newcomer import newcomer
from testbed.demo.chapters.outage import outage
from testbed.demo.chapters.refresh import refresh
from testbed.demo.chapters.repair import repair
from testbed.demo.props import Props


def story(props: Props, *, ending: bool) -> tuple[Chapter, ...]:
    """Return the chapters.

    Args:
        props: what they work with.
        ending: whether the object is deleted in the end; without, all stays for playing.
    """
    scenes = (appear, refresh, repair, newcomer, outage, demand, absence)
    return tuple(scene(props) for scene in (*scenes, *((farewell,) if ending else ())))
