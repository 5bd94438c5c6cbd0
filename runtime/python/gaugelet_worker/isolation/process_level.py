"""The level `process`: limits, no new rights, its own user where that is possible."""

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
    if place.scratch is not None:
        environment["TMPDIR"] = place.scratch
        if user is not None:
            environment.setdefault("HOME", place.scratch)
            os.chown(place.scratch, user, user)
    if user is not None:
        become(user)
    if place.mark is not None:
        set_mark(place.mark)
    apply_limits(spec.limits, is_program=spec.program is not None, own_processes=_own_processes(place, user))
    linux.drop_capabilities()
    linux.no_new_privileges()
    # Who shares a user with others is shielded at least from their looking into its memory.
    linux.set_traceable(user is not None)
    # The kernel takes it back when the user changes.
    linux.die_with_parent()
    try:
        os.chdir(spec.directory)
    except OSError as error:
        raise Refused(f"the folder {spec.directory} cannot be entered: {error.strerror}") from None
    if place.filters is not None:
        place.filters.apply()
    return {"ownUser": user is not None, "ownUserReason": reason, "cgroup": place.cgroup}


def _operators(spec: LaunchSpec, environment: dict[str, str]) -> list[str]:
    """What the operator has put where it is. What a function brings along must not choose its user."""
    paths = [f"{os.path.dirname(spec.directory)}{os.sep}", *spec.readOnly]
    if spec.program is None:
        return paths + language_paths()
    program = shutil.which(spec.program[0], path=environment.get("PATH"))
    return paths if program is None else [*paths, program]


def _own_processes(place: Place, user: int | None) -> int | None:
    """How many processes count towards the limit already; None where the limit would say nothing."""
    if user is not None:
        return 1
    # Of a user that has others too, the limit is only a guess; and none holds root.
    is_guess = place.cgroup or os.geteuid() == 0 or not linux.IS_LINUX
    return None if is_guess else count_of_user(os.geteuid())
