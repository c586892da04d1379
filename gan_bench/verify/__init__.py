"""Everything that a run folder claims, computed again from what it keeps.

    ledger.py      what was compared, what differs, what could not be compared
    tolerances.py  how far apart two numbers may lie that mean the same, and why
    folder.py      the whole of it: reads the records, calls the checks, writes `verification.json`
    plan.py        records against the plan
    images.py      samples and the numbers made of them
    cells.py       cells and reference rows
    detectors.py   detectors and attacks
    retrain.py     a cell trained again

What no check can tell from a run folder alone: whether networks were trained as their record says (`--retrain` can), whether
the scores of a detector are what its models say of the images, what attacks did, and times.
"""
