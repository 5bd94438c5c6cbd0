"""What one worker holds of the machine, and how it is got back when the worker has ended."""

import os

from gaugelet_worker.isolation.cgroups import Cgroups, Group
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.isolation.processes import count_of_user, kill_all_of, kill_marked
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.isolation.scratch import ScratchFolders
from gaugelet_worker.isolation.seccomp import Filters
from gaugelet_worker.isolation.users import UserId, UserIds
from gaugelet_worker.specification import LaunchSpec, Limits

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
        is_empty = True
        if self._group is not None:
            is_empty = self._premises.cgroups.end(self._group)
        elif has_own_user:
            kill_all_of(self._user.number)
            is_empty = count_of_user(self._user.number) == 0
        # The mark also finds what has left the group, as root can.
        return is_empty and (self.place.mark is None or kill_marked(self.place.mark))

    def limit_group(self, limits: Limits, *, scratch_is_memory: bool = False) -> Group | None:
        """Bound the group of a worker that was forked before its limits were known; gives the group."""
        if self._group is not None:
            self._group.limit(limits, scratch_is_memory=scratch_is_memory)
        return self._group

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
        if self._group is not None and not self._group.remove():
            return False
        if self._user is not None:
            self._user.release()
            self._user = None
        return True

    def give_up(self) -> None:
        """Give it all back where nothing was forked into it: there is nothing to wait for."""
        if self.place.scratch is not None:
            self._premises.scratch_folders.start_removal(self.place.scratch)
        if self._group is not None:
            self._premises.cgroups.give_up(self._group)
        if self._user is not None:
            self._user.release()
            self._user = None


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

    def hold_ahead(self, isolation: str) -> Holding:
        """What a worker needs that is forked ahead: its limits come later. Raises Refused or OSError."""
        if isolation == "sandbox":
            return self._hold_sandbox(None)
        return Holding(Place(), None, self.cgroups.take(), self)

    def hold(self, spec: LaunchSpec, ahead: Holding | None = None) -> Holding:
        """What a worker needs, beside what it has been given ahead. Raises Refused or OSError."""
        if spec.isolation != "sandbox":
            return self._hold_process(spec, ahead)
        if ahead is None:
            return self._hold_sandbox(spec.limits)
        ahead.limit_group(spec.limits, scratch_is_memory=True)
        return ahead

    def _hold_process(self, spec: LaunchSpec, ahead: Holding | None) -> Holding:
        user, reason = self._user_ids.reserve()
        scratch = self.scratch_folders.make(spec.launch)
        try:
            group = self.cgroups.take(spec.limits) if ahead is None else ahead.limit_group(spec.limits)
        except OSError:
            self.scratch_folders.start_removal(scratch)
            raise
        place = Place(
            user=None if user is None else user.number,
            userReason=reason,
            scratch=scratch,
            cgroup=group is not None,
            mark=os.getpid() << 32 | spec.launch,
        )
        return Holding(place, user, group, self)

    def _hold_sandbox(self, limits: Limits | None) -> Holding:
        if isinstance(self._filters, Refused):
            raise self._filters
        user, reason = self._user_ids.for_sandbox()
        group = self.cgroups.take(limits, scratch_is_memory=True)
        place = Place(
            user=None if user is None else user.number,
            userReason=reason,
            outerUser=os.geteuid(),
            outerGroup=os.getegid(),
            cgroup=group is not None,
            filters=self._filters,
        )
        return Holding(place, user, group, self)

    def close(self) -> None:
        """Leave nothing behind."""
        self.cgroups.leave()
        self.scratch_folders.close()
