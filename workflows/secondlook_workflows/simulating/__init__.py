"""The queue of a worklist, simulated: what comes, who reads, in which order."""
