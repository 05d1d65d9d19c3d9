//! The node that leads a copy: who has which partition.

use super::{ALIVE, About, GONE, OFFER, WORTH};
use crate::hub::Hub;
use async_trait::async_trait;
use sluice_contract::message::Talk;
use sluice_contract::{Fault, NodeId};
use sluice_copy::{Deal, Dealer, SharedCopy};
use sluice_store_core::Part;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The partitions of one copy, and who reads them.
pub(crate) struct Table {
    hub: Arc<Hub>,
    about: About,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// What helpers need to know; none when there is nothing to share.
    copy: Option<SharedCopy>,
    open: VecDeque<usize>,
    helpers: HashMap<NodeId, Helper>,
    /// What helpers have written.
    others: Vec<(usize, Part)>,
    offered: Option<Instant>,
    /// A helper fell silent with partitions in its hands.
    lost: bool,
}

struct Helper {
    heard: Instant,
    /// The partitions it is at.
    holds: HashSet<usize>,
    /// What it was answered, by the number of its question.
    answers: HashMap<u64, Talk>,
}

impl Table {
    pub(crate) fn new(hub: Arc<Hub>, about: About) -> Self {
        Self {
            hub,
            about,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// A helper says something.
    pub(crate) fn hear(&self, from: &NodeId, talk: Talk) {
        let mut state = self.lock();
        if state.copy.is_none() {
            return self.about.say(&self.hub, Some(from), Talk::End);
        }
        let now = Instant::now();
        let State {
            helpers, open, others, ..
        } = &mut *state;
        let helper = helpers.entry(from.clone()).or_insert_with(|| {
            tracing::info!(job = %self.about.job, node = %from, "A node helps with a copy.");
            Helper {
                heard: now,
                holds: HashSet::new(),
                answers: HashMap::new(),
            }
        });
        helper.heard = now;
        let answer = match talk {
            Talk::Ask { number } => {
                let fresh = || match open.pop_front() {
                    Some(place) => {
                        helper.holds.insert(place);
                        Talk::Read {
                            number,
                            place: place as u64,
                        }
                    }
                    None => Talk::Over { number },
                };
                helper.answers.entry(number).or_insert_with(fresh).clone()
            }
            Talk::Finished { place, part } => {
                let at = usize::try_from(place).unwrap_or(usize::MAX);
                if let (true, Ok(part)) = (helper.holds.remove(&at), serde_json::from_value(part)) {
                    others.push((at, part));
                }
                Talk::Noted { place }
            }
            Talk::Leave { reason } => {
                tracing::info!(job = %self.about.job, node = %from, reason, "A node does not help any more.");
                let left = helpers.remove(from);
                open.extend(left.into_iter().flat_map(|helper| helper.holds));
                drop(state);
                self.changed.notify_waiters();
                return;
            }
            Talk::Alive => Talk::Alive,
            _ => return,
        };
        drop(state);
        self.about.say(&self.hub, Some(from), answer);
        self.changed.notify_waiters();
    }

    /// From time to time: looks for help, and takes back what silent helpers hold.
    pub(crate) fn tick(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        let silent: Vec<NodeId> = state
            .helpers
            .iter()
            .filter(|(_, helper)| now - helper.heard > GONE)
            .map(|(node, _)| node.clone())
            .collect();
        for node in &silent {
            let Some(helper) = state.helpers.remove(node) else {
                continue;
            };
            tracing::warn!(job = %self.about.job, %node, partitions = helper.holds.len(), "A helping node fell silent.");
            state.lost |= !helper.holds.is_empty();
            state.open.extend(helper.holds);
        }
        let due = state.offered.is_none_or(|at| now - at >= OFFER) && state.open.len() >= WORTH;
        let offer = state.copy.as_ref().filter(|_| due).map(serde_json::to_value);
        if let Some(Ok(copy)) = offer {
            state.offered = Some(now);
            self.about.say(&self.hub, None, Talk::Offer { copy });
        }
        drop(state);
        if !silent.is_empty() {
            self.changed.notify_waiters();
        }
    }

    /// The copy is over: nobody is to write any more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.copy = None;
        for node in std::mem::take(&mut state.helpers).into_keys() {
            self.about.say(&self.hub, Some(&node), Talk::End);
        }
    }

    /// Whether a helper fell silent in the middle of a partition: a failure may come from that, and says nothing about the copy.
    pub(crate) fn lost_a_helper(&self) -> bool {
        self.lock().lost
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Dealer for Table {
    async fn begin(&self, copy: SharedCopy) -> Result<(), Fault> {
        {
            let mut state = self.lock();
            state.open = copy.open.iter().copied().collect();
            state.copy = Some(copy);
        }
        self.tick();
        Ok(())
    }

    async fn next(&self) -> Result<Deal, Fault> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                if let Some(place) = state.open.pop_front() {
                    return Ok(Deal::Read(place));
                }
                if state.helpers.values().all(|helper| helper.holds.is_empty()) {
                    return Ok(Deal::Over(state.others.clone()));
                }
            }
            // Somebody who falls silent is noticed by the scheduler's ticks.
            let _ = tokio::time::timeout(ALIVE, changed).await;
        }
    }

    async fn finished(&self, _place: usize, _part: &Part) -> Result<(), Fault> {
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        let state = self.lock();
        state.open.is_empty() && state.helpers.values().any(|helper| !helper.holds.is_empty())
    }
}
