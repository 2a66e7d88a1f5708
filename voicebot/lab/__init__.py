"""Chunking and pacing, seen from close by: the real pipeline in virtual time.

From the top down:

    traces            the deltas of one reply and when they came
    spread            medians, and whether a difference is more than chance
    corpus            texts with their right cuts marked
    score             how well a chunker cuts them
    made_traces       traces made of such texts
    engines           what a synthesis costs, as a model
    bounds            what no choice of cuts can beat
    own_strategy      the user's own chunking strategies
    runs              the account of one replayed turn
    replay            makes it: the real turn, in virtual time
    listening         the same with a voice, to listen to
    comparison        what one configuration changes compared with another
    explain           why a reply is cut where it is cut
    experiment        settings, traces and engines that belong together
    experiment_file   reads them from a file
    own_code          the code that it names, and whether it is trusted
    sweep             makes every run of an experiment, in several processes
    search            looks for the best values of an experiment's matrix
    tune              measures and checks what it finds
    tuned_config      writes it down
    summary           means of runs
    plots             first sounds against gaps, as a picture
    report_parts      its differences, what to listen to, how it was made
    report            a page with all of that
    spreadsheet       runs and verdicts as CSV
"""
