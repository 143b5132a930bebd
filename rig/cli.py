"""The command line. Only the chosen command's module is imported, so that ``--help`` answers at once."""

import argparse
import importlib
import json
import os
import sys
from typing import Any

from protocols.errors import BadInput, TwinrigError
from rig.arithmetic import keep_compiled

#: Each command and its line of help; the module ``rig.commands.<name>`` has ``add_arguments(parser)`` and ``main(options)``.
COMMANDS = {
    "run": "run a participant's session",
    "pilot": "run a session with a simulated participant through the real input path",
    "resume": "go on with a session that was interrupted",
    "watch": "watch a session in the browser, and command it from there",
    "check": "measure the rig before a participant sits down",
    "calibrate": "measure the screen, a device, or the delay from flip to light; confirm a grid",
    "trials": "write the trials table of a session",
    "rescore": "judge a finished session's movements by another protocol's rules",
    "protocol": "list, show or check protocol files",
    "devices": "list the input devices, or show live what one gives",
    "learners": "list the learners, or say all of one",
    "simulate": "let a learner practise a protocol, any number of times",
    "predict": "let a learner predict every trial of a table before it learns from it",
    "infer": "infer a session's parameters trial by trial, as live inference does",
    "fit": "fit a learner to trials tables",
    "compare": "see which learner predicts the record, and looks like the person",
    "recover": "see whether a protocol tells parameters, and learners, apart",
    "design": "see how many trials and people, on which protocol, tell learners apart",
    "measure": "measure learning curves, TNC costs, bias and variance, lag 1, tangling",
    "report": "write the report of a session, a fit or a comparison as one HTML file",
    "export": "write sessions as a BIDS dataset",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 bad input, 3 aborted by a person."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options, unknown = _parser(arguments).parse_known_args(arguments)
    if unknown:
        print(
            f"twinrig {options.command}: {' '.join(unknown)}: there is no such option; see 'twinrig {options.command} --help'",
            file=sys.stderr,
        )
        return 2
    keep_compiled()
    command = importlib.import_module(f"rig.commands.{options.command}")
    try:
        result = command.main(options)
        if options.json:
            print(json.dumps(result, indent=1, default=str))
        sys.stdout.flush()
    except TwinrigError as error:
        print(f"twinrig {options.command}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # whoever read our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"twinrig {options.command}: stopped by Ctrl+C", file=sys.stderr)
        return 3
    return 1 if result.get("verdict") == "fail" else 0


def _parser(arguments: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twinrig",
        description="Run motor-skill experiments in which a person and a reinforcement learner practise the same trials.",
        epilog="twinrig COMMAND --help says more of a command.",
    )
    parser.add_argument("--version", action="version", version=_version() if "--version" in arguments else "")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        command.add_argument("--json", action="store_true", help="print the result as JSON on standard output")
        if name == chosen:
            importlib.import_module(f"rig.commands.{name}").add_arguments(command)
    return parser


def _version() -> str:
    from importlib.metadata import version

    return f"twinrig {version('twinrig')}"


def say(options: argparse.Namespace, words: Any) -> None:
    """Words for a person: to standard output, or to standard error where JSON is wanted there."""
    print(words, file=sys.stderr if options.json else sys.stdout)


def check_seed(seed: int) -> None:
    """Raise BadInput where it is no seed that all sources of randomness take."""
    if not 0 <= seed < 2**31:
        raise BadInput(f"--seed {seed}: expected a whole number from 0 to {2**31 - 1}; correct it")


def check_least(options: argparse.Namespace, **least: int) -> None:
    """Raise BadInput where a number on the command line is smaller than it may be, and name it."""
    for name, smallest in least.items():
        if (given := getattr(options, name)) < smallest:
            raise BadInput(f"--{name.replace('_', '-')} {given}: expected a whole number from {smallest}; correct it")


if __name__ == "__main__":
    sys.exit(main())
