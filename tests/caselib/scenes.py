"""Scenes: functions whose names begin with scene_, each with a world of its own."""

import argparse
import traceback


def of(module):
    return {name[6:]: run for name, run in module.items() if name.startswith("scene_")}


def played(world, run):
    """What went wrong, or nothing. The daemon must end well, too."""
    try:
        run(world)
        problem = ""
    except Exception:
        last = traceback.format_exc().splitlines()[-7:]
        problem = "\n".join(last) + "\n--- daemon\n" + world.tail(8)
    status = world.stop()
    if not problem and status != 0:
        problem = f"the daemon ended with {status}\n{world.last_words}"
    return problem


def perform(title, todo):
    """`todo`: name -> function of the options that gives what went wrong. Gives the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    passed = failed = 0
    for name, run in todo.items():
        if options.what and not any(w in name for w in options.what):
            continue
        try:
            problem = run(options)
        except (Exception, SystemExit) as error:
            problem = f"{type(error).__name__}: {error}"
        passed, failed = passed + (not problem), failed + bool(problem)
        if problem:
            print(f"FAILED {title} {name}: {problem}", flush=True)
    print(f"{title}: {passed} passed, {failed} failed")
    return 1 if failed else 0
