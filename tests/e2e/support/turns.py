"""Tests that do the same for each of many moments do it for a part of these in CI. Which part, the commit decides
(scripts/e2e_selection.sh), so that each has its turn; without CI: all."""

import os


def _turn():
    turn, _, turns = os.environ.get("NETCLSD_E2E_TURN", "0/1").partition("/")
    return int(turn), int(turns)


TURN, TURNS = _turn()


def numbers_in_turn(limit):
    """Those of 1, 2, … below `limit`."""
    return range(1 + TURN, limit, TURNS)


def share_of(count):
    """So many of `count` of a kind."""
    return count // TURNS
