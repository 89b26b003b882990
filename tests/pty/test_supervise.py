"""The supervisor: whatever happens, the terminal and the shell get back what is theirs."""
import os
import signal

from term import Limit, Timeout, alive, children_of, state_of


# LeakSanitizer holds its process by ptrace when it ends, and hangs when somebody continues it just then.
NO_LEAK_CHECK = {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}


def start(ctx, *args, **how):
    """The small interface on its screen: (terminal, pid of the interface)."""
    term = ctx.spawn([ctx.tool('tool_supervise'), 'screen', *args], **how)
    term.wait_text('screen 1 pid')
    return term, term.interface()


def check_gone(term, pid, timeout=2.0):
    """The process ends soon."""
    try:
        term.wait(lambda: not alive(pid), timeout, 'end of process %d' % pid)
    except Timeout as problem:
        raise Timeout('%s\nit is in state %s' % (problem, state_of(pid))) from None


def check_death(ctx, signo, target, status, message):
    """Send a signal to the 'interface', the 'supervisor' or by a 'key': then all is in order, soon."""
    term, interface = start(ctx)
    assert term.modes() != term.first_modes and term.screen.alternate
    with Limit(1.5):
        if target == 'key':
            term.send(signo)
        else:
            os.kill(interface if target == 'interface' else term.pid, signo)
        assert term.wait_end() == status, term.status
    term.check_restored()
    term.check_clean()
    check_gone(term, interface)
    assert message in term.text(), term.text()
    if not message:
        assert 'muntin' not in term.text(), term.text()


def test_quit(ctx):
    check_death(ctx, b'q', 'key', 0, '')


def test_status(ctx):
    check_death(ctx, b'3', 'key', 3, '')


def test_end_without_a_word(ctx):
    check_death(ctx, b'e', 'key', 9, '')


def test_kill_interface(ctx):
    check_death(ctx, signal.SIGKILL, 'interface', 137,
                'muntin: killed by signal 9 (Killed); the terminal was restored')


def test_crash(ctx):
    check_death(ctx, b'S', 'key', 139, 'muntin: killed by signal 11 (Segmentation fault); the terminal was restored')


def test_abort(ctx):
    check_death(ctx, b'A', 'key', 134, 'muntin: killed by signal 6 (Aborted); the terminal was restored')


def test_bus_error(ctx):
    check_death(ctx, signal.SIGBUS, 'interface', 135, 'signal 7')


def test_term_to_supervisor(ctx):
    check_death(ctx, signal.SIGTERM, 'supervisor', 143, '')


def test_hup_to_supervisor(ctx):
    check_death(ctx, signal.SIGHUP, 'supervisor', 129, '')


def test_int_to_supervisor(ctx):
    check_death(ctx, signal.SIGINT, 'supervisor', 130, '')


def test_quit_signal_to_supervisor(ctx):
    check_death(ctx, signal.SIGQUIT, 'supervisor', 131, '')


def test_term_to_interface(ctx):
    check_death(ctx, signal.SIGTERM, 'interface', 143, '')


def test_int_to_interface(ctx):
    check_death(ctx, signal.SIGINT, 'interface', 130, '')


def test_term_while_the_interface_hangs(ctx):
    term, interface = start(ctx)
    os.kill(interface, signal.SIGSTOP)
    term.wait(lambda: state_of(interface) == 'T', 2, 'stop of the interface')
    os.kill(term.pid, signal.SIGTERM)
    assert term.wait_end(2) == 143
    term.check_restored()


def test_death_of_supervisor(ctx):
    term, interface = start(ctx)
    with Limit(1):
        os.kill(term.pid, signal.SIGKILL)
        assert term.wait_end() == -signal.SIGKILL
        check_gone(term, interface)
    term.check_restored()
    term.check_clean()


def test_death_of_supervisor_while_suspended(ctx):
    term, interface = start(ctx)
    term.keys('z')
    assert term.wait_stopped() == signal.SIGTSTP
    os.kill(term.pid, signal.SIGKILL)
    term.wait_end()
    check_gone(term, interface, 2.0)
    term.check_restored()


def test_suspend_by_key(ctx):
    term, interface = start(ctx)
    for turn in range(2, 52):
        term.keys('z')
        assert term.wait_stopped() == signal.SIGTSTP
        assert state_of(interface) == 'T', state_of(interface)
        term.check_restored()
        term.foreground()
        term.wait_text('screen %d pid' % turn)
        assert term.modes() != term.first_modes and term.screen.alternate
    term.keys('q')
    assert term.wait_end() == 0
    term.check_restored()
    term.check_clean()


def test_suspend_by_signal(ctx):
    term, interface = start(ctx)
    for turn in range(2, 12):
        # To the whole job, as kill -TSTP %1 does: it must count once.
        os.killpg(term.pid, signal.SIGTSTP)
        assert term.wait_stopped() == signal.SIGTSTP
        assert state_of(interface) == 'T', state_of(interface)
        term.check_restored()
        term.foreground()
        term.wait_text('screen %d pid' % turn)
    term.keys('q')
    assert term.wait_end() == 0
    term.check_restored()


def test_continued_in_background(ctx):
    term, _ = start(ctx)
    term.keys('z')
    term.wait_stopped()
    term.background()
    assert term.wait_stopped() == signal.SIGTTOU
    term.check_restored()
    term.foreground()
    term.wait_text('screen 2 pid')
    term.keys('q')
    assert term.wait_end() == 0
    term.check_restored()


def test_term_while_suspended(ctx):
    for back in (True, False):
        term, interface = start(ctx, env=NO_LEAK_CHECK)
        term.keys('z')
        term.wait_stopped()
        os.killpg(term.pid, signal.SIGTERM)
        (term.background if back else term.foreground)()
        assert term.wait_end(3) == 143, term.status
        check_gone(term, interface)
        term.check_restored()


def test_stop_of_the_job(ctx):
    term, _ = start(ctx)
    os.killpg(term.pid, signal.SIGSTOP)
    assert term.wait_stopped() == signal.SIGSTOP
    term.foreground()
    term.keys('x', 'q')
    assert term.wait_end() == 0
    term.check_restored()


def test_start_in_background(ctx):
    term = ctx.spawn([ctx.tool('tool_supervise'), 'screen'], background=True)
    assert term.wait_stopped() == signal.SIGTTOU
    term.check_restored()
    assert term.output == b'', term.output
    term.foreground()
    term.wait_text('screen 1 pid')
    term.keys('q')
    assert term.wait_end() == 0
    term.check_restored()


def test_kill_a_job_started_in_background(ctx):
    term = ctx.spawn([ctx.tool('tool_supervise'), 'screen'], background=True, env=NO_LEAK_CHECK)
    term.wait_stopped()
    os.killpg(term.pid, signal.SIGTERM)
    term.background()
    assert term.wait_end(3) == 143, term.status
    term.check_restored()


def test_hang_up(ctx):
    term, interface = start(ctx)
    term.hang_up()
    assert term.wait_end(2) in (5, 129), term.status
    check_gone(term, interface, 1.0)


def test_bye_of_a_process_that_stays(ctx):
    term, interface = start(ctx)
    with Limit(1.5):
        term.keys('b')
        assert term.wait_end(3) == 7
    term.check_restored()
    os.kill(interface, signal.SIGKILL)


def test_dead_mount_quit(ctx):
    fuse = ctx.fuse('dead')
    term, _ = start(ctx, os.path.join(fuse.path, 'file-0000'))
    interface = term.interface()
    term.keys('t')
    term.wait(lambda: stuck_thread(interface), 5, 'thread in the dead mount')
    with Limit(1.5):
        term.keys('q')
        assert term.wait_end(3) == 0
    term.check_restored()


def test_dead_mount_kill(ctx):
    fuse = ctx.fuse('dead')
    term, _ = start(ctx, os.path.join(fuse.path, 'file-0000'))
    interface = term.interface()
    term.keys('t')
    term.wait(lambda: stuck_thread(interface), 5, 'thread in the dead mount')
    os.kill(interface, signal.SIGKILL)
    assert term.wait_end(3) == 137
    term.check_restored()


def test_dead_mount_suspend(ctx):
    fuse = ctx.fuse('dead')
    term, _ = start(ctx, os.path.join(fuse.path, 'file-0000'))
    interface = term.interface()
    term.keys('t')
    term.wait(lambda: stuck_thread(interface), 5, 'thread in the dead mount')
    with Limit(1.5):
        term.keys('z')
        assert term.wait_stopped() == signal.SIGTSTP
    term.check_restored()
    term.foreground()
    term.wait_text('screen 2 pid')
    term.keys('q')
    assert term.wait_end(3) == 0
    term.check_restored()


def test_dead_mount_headless(ctx):
    fuse = ctx.fuse('dead')
    for signo in (signal.SIGINT, signal.SIGTERM):
        term = ctx.spawn([ctx.tool('tool_supervise'), 'stuck', os.path.join(fuse.path, 'file-0000')])
        term.wait_text('pid ')
        interface = term.interface()
        term.wait(lambda child=interface: stuck_thread(child), 5, 'thread in the dead mount')
        if signo == signal.SIGINT:
            term.keys('^c')
        else:
            os.kill(term.pid, signo)
        assert term.wait_end(2) == 128 + signo
        assert 'killed' not in term.text()


def stuck_thread(pid):
    """Does a thread of the process hang in an uninterruptible call?"""
    try:
        for tid in os.listdir('/proc/%d/task' % pid):
            with open('/proc/%d/task/%s/stat' % (pid, tid), 'rb') as file:
                if file.read().rpartition(b') ')[2][:1] in b'DS' and int(tid) != pid:
                    return True
    except OSError:
        pass
    return False


def test_headless(ctx):
    tool = ctx.tool('tool_supervise')
    done = ctx.run(tool, 'status', '3')
    assert (done.returncode, done.stdout, done.stderr) == (3, b'said\n', b''), done
    for signo, message in ((signal.SIGPIPE, b''), (signal.SIGTERM, b''), (signal.SIGINT, b''), (signal.SIGHUP, b''),
                           (signal.SIGKILL, b'muntin: killed by signal 9 (Killed)\n'),
                           (signal.SIGSEGV, b'muntin: killed by signal 11 (Segmentation fault)\n')):
        done = ctx.run(tool, 'raise', str(int(signo)))
        assert (done.returncode, done.stderr) == (128 + signo, message), done


def test_headless_signals(ctx):
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        term = ctx.spawn([ctx.tool('tool_supervise'), 'wait'])
        term.wait_text('pid ')
        os.kill(term.pid, signo)
        assert term.wait_end(2) == 128 + signo, (signo, term.status)


def test_headless_stop(ctx):
    term = ctx.spawn([ctx.tool('tool_supervise'), 'wait'])
    term.wait_text('pid ')
    interface = term.interface()
    for how in ('^z', 'group', 'supervisor'):
        if how == '^z':
            term.keys('^z')
        else:
            (os.killpg if how == 'group' else os.kill)(term.pid, signal.SIGTSTP)
        assert term.wait_stopped() == signal.SIGTSTP
        assert state_of(interface) == 'T'
        term.background()
        term.wait(lambda: state_of(interface) == 'S' and state_of(term.pid) == 'S', 2, 'both to go on')
    os.kill(term.pid, signal.SIGTERM)
    assert term.wait_end(2) == 143


def test_descriptors(ctx):
    done = ctx.run(ctx.tool('tool_supervise'), 'fds')
    assert (done.returncode, done.stdout) == (0, b''), done


def test_without_standard_descriptors(ctx):
    def close_all():
        for fd in range(3):
            os.close(fd)
    process = ctx.start(ctx.tool('tool_supervise'), 'status', '0', preexec_fn=close_all)
    assert process.wait(10) == 0


def test_nothing_is_left(ctx):
    before = set(children_of(os.getpid()))
    term, interface = start(ctx)
    term.keys('q')
    assert term.wait_end() == 0
    assert state_of(interface) == '', 'the interface was not reaped'
    assert set(children_of(os.getpid())) - before == {term.leader}
