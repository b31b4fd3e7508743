//! The model providers: wire families, from a prompt to bytes and from bytes to chunks, over real sockets.
//!
//! Under every adapter lies one [`Wire`]: a [`Transport`] with the fault layer on top of it, so that the path a simulated
//! outage takes is the path a real one takes. The demo provider is a provider like the others: the same adapter, the same
//! wire format, and a transport that is answered in process. This crate must never know the browser's wire types, a
//! database, or what a failure means: it reports what came back, and the engine judges.

mod address;
mod anthropic;
mod decode;
mod demo;
mod discovery;
mod error;
mod family;
mod fault;
mod gemini;
mod headroom;
mod in_process;
mod json;
mod json_frames;
mod network;
mod ollama;
mod openai;
mod prompt;
mod provider;
mod retry_after;
mod sse;
mod tamper;
mod transport;
mod upstream;
mod wire;

pub use decode::chunks;
pub use demo::{DEMO_MODELS, DemoModel, demo_transport};
pub use discovery::Discovered;
pub use family::Family;
pub use fault::{
    Armed, Audience, FaultEvent, FaultKind, FaultListener, FaultOrder, Faults, Target,
};
pub use headroom::Headroom;
pub use in_process::InProcess;
pub use network::Network;
pub use prompt::{File, Prompt, PromptError, Speaker};
pub use provider::{ModelFacts, Provider};
pub use transport::{Body, Reply, Secret, Transport, TransportError, TransportErrorKind};
pub use wire::{Caller, Wire};
