"""Events that the kernel dropped on the listener's socket during a long full storm of forks and execs."""

from ..support.listeners import Cgrulesengd, Netclsd
from ..support.result import Result
from ..support.storms import take_sample


def measure(session):
    results = []
    for rival, limit in ((Netclsd, 0), (Cgrulesengd, None)):
        seconds = session.effort.full_storm_s
        sample = take_sample(session, rival(session), "mixed", seconds * 1000)
        session.say(f"{rival.name}: {sample.dropped} events dropped of {sample.made} processes in {seconds} s")
        results.append(Result(f"events lost in {seconds} s of full storm: {rival.name}", sample.dropped, "events",
                              limit=limit, note=f"{sample.made} processes made, every fourth ran a program",
                              detail=vars(sample)))
    return results
