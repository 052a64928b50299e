//! Terrarium as those see it who use it: over HTTP, and from its command line.

mod accounts;
mod app;

mod bad_input;
mod crashes;
mod delivery_faults;
mod faults;
mod feed;
mod gift;
mod ha;
mod hibernation;
mod history;
mod lessons;
mod load;
mod matrix;
mod million;
mod monolith;
mod openapi;
mod orchestration;
mod process;
mod promised;
mod publish_faults;
mod reads;
mod recorder;
mod replicas;
mod runs;
mod streams;
mod switches;
mod tidy;
mod walk;
