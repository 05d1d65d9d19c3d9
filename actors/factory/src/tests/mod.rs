//! Tests against a whole factory on free ports: by its REST interface, and by the control channel with a scripted node.

mod access;
mod certificates;
mod clients;
mod components;
mod contract;
mod control_flow;
mod crash;
mod documents;
mod enrolment;
mod fixture;
mod gateways;
mod graph;
mod leases;
mod locked;
mod node;
mod on_postgres;
mod page;
mod probes;
mod queries;
mod recovery;
mod runs;
mod secrets;
mod store;
mod stored;
mod v1;
mod web;
