//! Whole clouds: the main job, the main job with a server that keeps dying, two accounts that don't meet, and lists that may only
//! become shorter or longer on purpose.

mod crash;
mod credentials;
mod events;
mod instances;
mod interludes;
mod isolation;
mod lists;
mod main_job;
