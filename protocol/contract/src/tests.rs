//! What has to hold for every document, message, key and text, however odd: tried with generated ones.

mod address;
mod catalogue;
mod documents;
mod garbage;
mod json;
mod keys;
mod messages;
mod receipts;
mod secrets;
mod timespan;
