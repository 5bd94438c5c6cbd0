"""The level `process`: limits, no new rights, its own user where that is possible."""

import dataclasses
import os
import shutil

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.limits import apply_limits
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.isolation.processes import count_of_user, set_mark
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.isolation.users import become, language_paths, unreadable_by
from gaugelet_worker.specification import LaunchSpec


def prepare() -> None:
    """Give up what can be before it is known for whom."""
    if linux.is_administrator():
        # Shared memory and queues of System V stay after their processes, and after a user id is given again.
        linux.unshare(linux.CLONE_NEWIPC)
    linux.drop_bounding_set()


def contain(spec: LaunchSpec, place: Place, environment: dict[str, str]) -> dict:
    """Shut this process in, once it is prepared. Completes the environment. Gives the level that it has."""
    user, reason = place.user, place.userReason
    if user is not None:
        unreadable = unreadable_by(user, _operators(spec, environment))
        if unreadable is not None:
            user, reason = None, f"another user could not read {unreadable}"
        elif unreadable_by(user, [spec.directory]) is not None:
            raise Refused(
                f"the function's own user cannot read the folder {spec.directory}: let all users read it"
            )
    place = dataclasses.replace(place, user=user, userReason=reason)
    give_up_rights(place)
    return apply_launch(spec, place, environment)


def give_up_rights(place: Place) -> None:
    """Be the place's user, for good, and have no rights: the part of `contain` that needs no launch."""
    user = place.user
    if user is not None:
        if place.scratch is not None:
            os.chown(place.scratch, user, user)
        become(user)
    if place.mark is not None:
        set_mark(place.mark)
    linux.drop_capabilities()
    linux.no_new_privileges()
    # Who shares a user with others is shielded at least from their looking into its memory.
    linux.set_traceable(user is not None)
    # The kernel takes it back when the user changes.
    linux.die_with_parent()
    if place.filters is not None:
        place.filters.apply()


def apply_launch(spec: LaunchSpec, place: Place, environment: dict[str, str]) -> dict:
    """The part that needs the launch. Completes the environment. Gives the level that this process has."""
    if place.scratch is not None:
        environment["TMPDIR"] = place.scratch
        if place.user is not None:
            environment.setdefault("HOME", place.scratch)
    own_processes = _own_processes(place)
    apply_limits(spec.limits, is_program=spec.program is not None, own_processes=own_processes)
    try:
        os.chdir(spec.directory)
    except OSError as error:
        raise Refused(f"the folder {spec.directory} cannot be entered: {error.strerror}") from None
    return {"ownUser": place.user is not None, "ownUserReason": place.userReason, "cgroup": place.cgroup}


def _operators(spec: LaunchSpec, environment: dict[str, str]) -> list[str]:
    """What the operator has put where it is. What a function brings along must not choose its user."""
    paths = [f"{os.path.dirname(spec.directory)}{os.sep}", *spec.readOnly]
    if spec.program is None:
        return paths + language_paths()
    program = shutil.which(spec.program[0], path=environment.get("PATH"))
    return paths if program is None else [*paths, program]


def _own_processes(place: Place) -> int | None:
    """How many processes count towards the limit already; None where the limit would say nothing."""
    if place.user is not None:
        return 1
    # Of a user that has others too, the limit is only a guess; and none holds root.
    is_guess = place.cgroup or os.geteuid() == 0 or not linux.IS_LINUX
    return None if is_guess else count_of_user(os.geteuid())
