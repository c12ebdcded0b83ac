"""Linked views share one group; the browser does the rest."""

from dlstudio.widgets import TrainingMonitor, link, unlink


def test_linked_views_share_a_group_and_unlinked_ones_do_not(wired):
    a, b, c = (TrainingMonitor() for _ in range(3))
    for view in (a, b, c):
        wired(view)
    link(a, b)
    assert a._group == b._group != ""
    assert c._group == ""
    unlink(a)
    assert a._group == ""
