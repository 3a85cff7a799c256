"""Containers of one sleeping process each: as many as a row needs, without a runtime."""


def register_sleepers(session, agent, sleepers, count, first=0):
    for i, pid in enumerate(sleepers.more(count), first):
        session.register(agent, f"sleeper{i}", pid)
