// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the processes of a scenario once, one at a time, in a given order.

use std::path::Path;
use std::thread;

use super::calls::{Detail, Kind, classify, may_sleep};
use super::events::{Event, What, World};
use super::search::{Role, Scenario};
use super::task::{State, Task, fork_traced, reap_orphans};
use crate::tracing::{Stop, Tracee, Until};

/// What a run says where the processor or the system has no watchpoints for traced processes.
pub(crate) const NO_WATCHPOINTS: &str = "the processor's watchpoints cannot be used here";

/// After so many turns a schedule fails: a process waits without sleeping.
const MOST_TURNS: usize = 20_000;
/// After so many visible calls of one process too. The longest role makes about a hundred.
const MOST_CALLS: usize = 600;

/// The words of a page that are watched, with their offsets: of a slot, the beginning of its payload.
const WATCHED: [(&str, u64); 4] =
    [("the count", 128), ("the state", 136), ("slot 0", 512), ("slot 1", 640)];

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This process runs until its next call that others can see.
    Run(usize),
    /// This process is killed where it is.
    Kill(usize),
}

/// A moment at which there was a choice.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) chosen: Choice,
    /// The process that ran before, if it could have gone on.
    pub(crate) current: Option<usize>,
    pub(crate) others: Vec<Choice>,
}

impl Turn {
    /// Returns whether a choice takes the processor away from a process that could have gone on.
    pub(crate) fn is_preemption(&self, choice: Choice) -> bool {
        matches!(choice, Choice::Run(task) if self.current.is_some_and(|current| current != task))
    }
}

/// What became of one schedule.
pub(crate) struct Outcome<'a> {
    pub(crate) page: &'a Path,
    pub(crate) events: Vec<Event>,
    /// How often each process slept until another one woke it.
    pub(crate) sleeps: Vec<usize>,
}

/// What became of a process that had stopped.
#[derive(PartialEq)]
enum Handled {
    /// It is stopped where the scheduler wants it, or has ended.
    Stopped,
    /// It runs again.
    Resumed,
}

/// One run of the processes.
pub(crate) struct Run<'a> {
    world: &'a World,
    tasks: Vec<Task>,
    last: Option<usize>,
    /// How many processes there were at first.
    roles: usize,
    /// Processes that have stopped before it was reported that they started.
    early: Vec<Tracee>,
    mortal: Option<usize>,
    has_killed: bool,
    pub(crate) turns: Vec<Turn>,
    pub(crate) steps: Vec<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(scenario: &Scenario, world: &'a World) -> Self {
        let start = |(role, &(name, body)): (usize, &Role)| {
            let world = World { page: world.page.clone(), events: world.events, role };
            Task::new(name.to_owned(), fork_traced(|| body(&world)))
        };
        Run {
            world,
            tasks: scenario.roles.iter().enumerate().map(start).collect(),
            last: None,
            roles: scenario.roles.len(),
            early: Vec::new(),
            mortal: scenario.mortal,
            has_killed: false,
            turns: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Runs all processes to their ends: first by these choices, then without preemption.
    ///
    /// # Errors
    /// What went wrong.
    pub(crate) fn finish(&mut self, prefix: &[Choice]) -> Result<Outcome<'a>, String> {
        while self.tasks.iter().any(|task| task.state != State::Ended) {
            let turn = self.next_turn(prefix.get(self.turns.len()).copied())?;
            let chosen = turn.chosen;
            self.turns.push(turn);
            if self.turns.len() > MOST_TURNS {
                return Err("the processes do not end: one waits without sleeping".to_owned());
            }
            match chosen {
                Choice::Run(task) => self.advance(task)?,
                Choice::Kill(task) => self.kill(task),
            }
            self.notice_woken(chosen)?;
        }
        Ok(Outcome {
            page: &self.world.page,
            events: self.world.events.all(),
            sleeps: self.tasks.iter().map(|task| task.sleeps).collect(),
        })
    }

    fn next_turn(&self, wanted: Option<Choice>) -> Result<Turn, String> {
        let may_run = |task: &Task| matches!(task.state, State::Ready | State::Entering(..));
        let tasks = || self.tasks.iter().enumerate();
        let all = tasks().filter(|(_, task)| may_run(task)).map(|(i, _)| i).collect::<Vec<_>>();
        let eager = all.iter().copied().filter(|&i| !self.tasks[i].yielded).collect::<Vec<_>>();
        let runnable = if eager.is_empty() { all } else { eager };
        if runnable.is_empty() {
            let asleep = tasks().filter(|(_, task)| matches!(task.state, State::Asleep(_)));
            let names: Vec<_> = asleep.map(|(_, task)| task.name.clone()).collect();
            return Err(format!("{} sleeps, and no process can wake it", names.join(" and ")));
        }
        let current = self.last.filter(|last| runnable.contains(last));
        let mut choices: Vec<Choice> = runnable.iter().map(|&i| Choice::Run(i)).collect();
        if let (Some(mortal), false) = (self.mortal, self.has_killed)
            && self.tasks[mortal].state != State::Ended
        {
            choices.push(Choice::Kill(mortal));
        }
        let first = Choice::Run(current.unwrap_or(runnable[0]));
        let chosen = wanted.unwrap_or(first);
        if !choices.contains(&chosen) {
            return Err(format!("the schedule is not repeatable: {chosen:?} of {choices:?}"));
        }
        choices.retain(|&choice| choice != chosen);
        Ok(Turn { chosen, current, others: choices })
    }

    /// Has a process make its next call, and run until the one after that.
    fn advance(&mut self, index: usize) -> Result<(), String> {
        self.last = Some(index);
        let task = &mut self.tasks[index];
        task.yielded = false;
        let state = core::mem::replace(&mut task.state, State::Ready);
        if let State::Entering(call, kind) = state {
            self.steps.push(format!("{}: {}", task.name, kind.name()));
            task.calls += 1;
            task.yielded = matches!(kind, Kind::Yields(_));
            if task.calls > MOST_CALLS {
                return Err(format!("{} waits without sleeping", task.name));
            }
            task.tracee.resume(Until::Call, 0);
            if may_sleep(call) && self.still_sleeps(index)? {
                let task = &mut self.tasks[index];
                task.sleeps += 1;
                task.state = State::Asleep(kind);
                self.steps.push(format!("{} sleeps", task.name));
                return Ok(());
            }
            if !may_sleep(call) {
                self.wait_stop(index)?;
            }
            if self.tasks[index].watches {
                return Ok(()); // Before the access that follows.
            }
        }
        self.run_to_call(index)
    }

    /// Runs a process until it enters a call that others can see, or accesses a word that they can change.
    fn run_to_call(&mut self, index: usize) -> Result<(), String> {
        while self.tasks[index].state == State::Ready {
            let tracee = self.tasks[index].tracee;
            tracee.resume(Until::Call, 0);
            match self.wait_stop(index)? {
                Stop::Call => {}
                Stop::Signal(_) => {
                    let word = tracee.accessed().map_or("a word", |word| WATCHED[word].0);
                    self.steps.push(format!("{}: accesses {word}", self.tasks[index].name));
                    return Ok(());
                }
                _ => return Ok(()),
            }
            let call = tracee.call().ok_or("it leaves a call that it did not enter")?;
            match classify(tracee, call) {
                kind @ (Kind::Visible(_) | Kind::Yields(_)) => {
                    self.tasks[index].state = State::Entering(call, kind);
                    return Ok(());
                }
                Kind::Watch(detail) => self.tasks[index].detail = detail,
                Kind::Local => {}
            }
            tracee.resume(Until::Call, 0);
            self.wait_stop(index)?;
            if matches!(classify(tracee, call), Kind::Watch(_)) || call.number == libc::SYS_mmap {
                self.watch_page(index)?;
            }
        }
        Ok(())
    }

    /// Has the processor watch the page that a process has mapped first, if it is to stop at accesses.
    fn watch_page(&mut self, index: usize) -> Result<(), String> {
        let page = self.world.page.join("page");
        let task = &mut self.tasks[index];
        let mapping = match task.detail {
            Detail::Accesses if task.watches => return Ok(()),
            Detail::Accesses => task.tracee.mapping_of(page.to_str().expect("text")),
            Detail::Calls => None,
        };
        let watched = |mapping| WATCHED.map(|(_, offset)| mapping + offset).to_vec();
        let words = mapping.map_or_else(Vec::new, watched);
        task.watches = mapping.is_some();
        let done = task.tracee.watch(&words);
        done.then_some(()).ok_or_else(|| NO_WATCHPOINTS.to_owned())
    }

    /// Waits until a running process enters or leaves a call, has accessed a watched word, or has ended.
    fn wait_stop(&mut self, index: usize) -> Result<Stop, String> {
        loop {
            let stop = self.next_stop(index);
            if self.handle(index, stop)? == Handled::Stopped {
                return Ok(stop);
            }
        }
    }

    /// Waits until a process stops. It ends only after its threads, which it ends.
    fn next_stop(&mut self, index: usize) -> Stop {
        if self.tasks.len() == self.roles {
            return self.tasks[index].tracee.wait();
        }
        if let Some(stop) = self.tasks[index].unseen.take() {
            return stop;
        }
        loop {
            let (tracee, stop) = Tracee::wait_any();
            let task = self.tasks.iter().position(|task| task.tracee == tracee);
            match (task, stop) {
                (Some(task), stop) if task == index => return stop,
                (Some(task), Stop::Exited(_) | Stop::Killed(_)) => {
                    self.tasks[task].state = State::Ended;
                }
                (Some(task), stop) => self.tasks[task].unseen = Some(stop),
                // It is reported as started soon.
                (None, _) => self.early.push(tracee),
            }
        }
    }

    /// Waits until a process has left the call that it is in, or sleeps in it. Returns whether it sleeps.
    fn still_sleeps(&mut self, index: usize) -> Result<bool, String> {
        let tracee = self.tasks[index].tracee;
        loop {
            if let Some(stop) = self.tasks[index].try_wait() {
                if self.handle(index, stop)? == Handled::Stopped {
                    return Ok(false);
                }
            } else if tracee.is_asleep() {
                return Ok(true);
            }
            thread::yield_now();
        }
    }

    fn handle(&mut self, index: usize, stop: Stop) -> Result<Handled, String> {
        let task = &mut self.tasks[index];
        match stop {
            Stop::Call => return Ok(Handled::Stopped),
            Stop::Signal(libc::SIGTRAP) if task.detail == Detail::Accesses => {
                return Ok(Handled::Stopped);
            }
            Stop::Signal(libc::SIGXCPU) => {
                return Err(format!("{} waits without sleeping", task.name));
            }
            Stop::Exited(0) | Stop::Killed(libc::SIGKILL) => {
                task.state = State::Ended;
                return Ok(Handled::Stopped);
            }
            Stop::Started(pid) => {
                task.tracee.resume(Until::Call, 0);
                let child = Tracee::started(pid);
                if !self.early.contains(&child) {
                    assert_eq!(child.wait(), Stop::Signal(libc::SIGSTOP), "it begins stopped");
                }
                let name = format!("{}'s child", task.name);
                self.tasks.push(Task::new(name, child));
            }
            Stop::Signal(signal) => {
                task.tracee.resume(Until::Call, signal);
            }
            Stop::Exited(_) | Stop::Killed(_) => {
                task.state = State::Ended;
                return Err(format!("{}: {stop:?}", task.name));
            }
        }
        Ok(Handled::Resumed)
    }

    fn kill(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        self.steps.push(format!("{} is killed", task.name));
        task.tracee.kill();
        task.state = State::Ended;
        self.has_killed = true;
        self.world.events.add(Event { role: index, what: What::Killed, number: 0 });
    }

    /// Finds out which processes the last turn has woken.
    fn notice_woken(&mut self, chosen: Choice) -> Result<(), String> {
        for index in 0..self.tasks.len() {
            if chosen != Choice::Run(index) {
                self.tasks[index].yielded = false;
            }
            if matches!(self.tasks[index].state, State::Asleep(_))
                && chosen != Choice::Run(index)
                && !self.still_sleeps(index)?
            {
                if self.tasks[index].state != State::Ended {
                    self.tasks[index].state = State::Ready;
                }
                self.steps.push(format!("{} wakes up", self.tasks[index].name));
            }
        }
        Ok(())
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // Threads first: a process ends after its threads.
        for task in self.tasks.iter().rev() {
            if task.state != State::Ended {
                task.tracee.kill();
            }
        }
        reap_orphans();
    }
}
