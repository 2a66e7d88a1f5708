"""The options and arguments that several commands of the lab share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TracesArgument = Annotated[
    list[Path], typer.Argument(metavar="TRACE", help="Traces, or folders of traces.", show_default=False)
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed", metavar="NUMBER", min=0, help="Vary arrival times and costs a little; 0 leaves them as they are."
    ),
]
ExperimentArgument = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT.toml", help="What to run; see docs/experiments.", show_default=False)
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="Number of processes; by default one for each core."),
]
CsvOption = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Write a row for each result to this file, for a spreadsheet."),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run the strategies that the experiment names by import path, now and as long as it is unchanged.",
    ),
]
ENGINES = "cpu-fast, cpu-slow, gpu, cloud, instant, or SECONDS+RTF such as 0.2+0.4"
