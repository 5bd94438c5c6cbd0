"""What one worker holds of the machine, and how it is got back when the worker has ended."""

import os

from gaugelet_worker.isolation.cgroups import Cgroups, Group
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.isolation.processes import kill_all_of, kill_marked
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.isolation.scratch import ScratchFolders
from gaugelet_worker.isolation.seccomp import Filters
from gaugelet_worker.isolation.users import UserId, UserIds
from gaugelet_worker.specification import LaunchSpec

_MOST_REMOVALS = 5


class Holding:
    """A worker's user id, scratch folder and control group."""

    def __init__(self, place: Place, user: UserId | None, group: Group | None, premises: "Premises") -> None:
        self.place = place
        self._user = user
        self._group = group
        self._premises = premises
        self._remover: int | None = None
        self._removals = 0

    def kill(self, *, has_own_user: bool) -> bool:
        """End what the worker left behind; whether nothing was left."""
        if self._group is not None:
            return self._group.kill()
        if has_own_user:
            kill_all_of(self._user.number)
            return True
        return self.place.mark is None or kill_marked(self.place.mark)

    def was_out_of_memory(self) -> bool:
        """Whether the kernel ended the worker for want of memory within its limit."""
        return self._group is not None and self._group.was_out_of_memory()

    def reaped(self, pid: int) -> None:
        """A process has ended that may be the one that removes the scratch folder."""
        if pid == self._remover:
            self._remover = None

    def release(self) -> bool:
        """Give it all back; False where that takes longer: ask again."""
        scratch = self.place.scratch
        if self._remover is not None:
            return False
        if scratch is not None and os.path.lexists(scratch) and self._removals < _MOST_REMOVALS:
            self._removals += 1
            self._remover = self._premises.scratch_folders.start_removal(scratch)
            if self._remover is not None:
                return False
        if self._group is not None and not self._premises.cgroups.give_back(self._group):
            return False
        if self._user is not None:
            self._user.release()
            self._user = None
        return True


class Premises:
    """What the zygote can give its workers on this machine."""

    def __init__(self) -> None:
        self.cgroups = Cgroups()
        self.scratch_folders = ScratchFolders()
        self._user_ids = UserIds()
        try:
            self._filters: Filters | Refused = Filters()
        except Refused as reason:
            self._filters = reason

    def hold(self, spec: LaunchSpec) -> Holding:
        """What a worker needs. Raises Refused or OSError."""
        is_sandbox = spec.isolation == "sandbox"
        if is_sandbox and isinstance(self._filters, Refused):
            raise self._filters
        user_reason = self._user_ids.reason
        user = self._user_ids.reserve() if user_reason is None else None
        if user_reason is None and user is None:
            user_reason = "all user ids for workers are taken"
        group = self.cgroups.take(spec.limits, scratch_is_memory=is_sandbox)
        # Where there is nothing better to know its processes by.
        mark = None if is_sandbox or group is not None else os.getpid() << 32 | spec.launch
        place = Place(
            user=None if user is None else user.number,
            userReason=user_reason,
            outerUser=os.geteuid(),
            outerGroup=os.getegid(),
            scratch=None if is_sandbox else self.scratch_folders.make(spec.launch),
            cgroup=group is not None,
            filters=self._filters if is_sandbox else None,
            mark=mark,
        )
        return Holding(place, user, group, self)

    def close(self) -> None:
        """Leave nothing behind."""
        self.cgroups.leave()
        self.scratch_folders.close()
